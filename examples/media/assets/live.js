// Keeps parts of a page up to date. The page works without it.
"use strict";
const path = document.body.dataset.events;
if (path && "EventSource" in window) {
  let source;
  let ended = false;
  const open = () => {
    source = new EventSource(path);
    source.addEventListener("show", (event) => {
      const { id, html } = JSON.parse(event.data);
      document.getElementById(id).innerHTML = html;
    });
    source.addEventListener("end", () => {
      ended = true;
      source.close();
    });
  };
  // A hidden page holds no connection.
  document.addEventListener("visibilitychange", () => {
    source?.close();
    if (!document.hidden && !ended) open();
  });
  if (!document.hidden) open();
}

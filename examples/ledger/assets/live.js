// Keeps the balances on a page up to date. The page works without it.
"use strict";
const path = document.body.dataset.events;
if (path && "EventSource" in window) {
  let source;
  const show = (selector, text) => {
    for (const element of document.querySelectorAll(selector)) {
      if (element.textContent === text) continue;
      element.textContent = text;
      element.classList.add("changed");
    }
  };
  const open = () => {
    source = new EventSource(path);
    source.addEventListener("balance", (event) => {
      const now = JSON.parse(event.data);
      const id = CSS.escape(now.account);
      show(`[data-balance="${id}"]`, now.balance);
      show(`[data-status="${id}"]`, now.status);
    });
  };
  // A hidden page holds no connection.
  document.addEventListener("visibilitychange", () => {
    source?.close();
    if (!document.hidden) open();
  });
  if (!document.hidden) open();
}

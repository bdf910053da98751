// Links to a place of a text area put the caret there. Without this they lead to
// the text area.

document.addEventListener("click", (e) => {
  const link = e.target.closest("a[data-caret]");
  if (!link) return;
  const area = document.querySelector(link.getAttribute("href"));
  const [line, column] = link.dataset.caret.split(":").map(Number);
  const lines = area.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0);
  const at = Math.min(start + column - 1, area.value.length);
  e.preventDefault();
  area.focus();
  area.setSelectionRange(at, at);
  // Browsers scroll to the caret of what was blurred, not of what has the focus.
  area.blur();
  area.focus();
});

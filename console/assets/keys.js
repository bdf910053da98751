// Keys for those who do not leave the keyboard. They are off while somebody
// types, with modifiers, and for whom the preferences say so.

const enabled = document.documentElement.dataset.keys !== "off";
let chord = 0;

function typing(e) {
  const t = e.target;
  return t.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(t.tagName);
}

function rows() {
  return [...document.querySelectorAll("main tbody th a")].filter((a) => a.offsetParent);
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + step));
  all[next].focus();
}

// walk goes from a node of a graph to the nearest in the direction of an arrow.
function walk(e) {
  const from = document.activeElement && document.activeElement.closest(".dag .node");
  if (!from) return;
  const middle = (n) => {
    const box = n.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const [x, y] = middle(from);
  let best = null;
  let least = Infinity;
  for (const n of from.ownerSVGElement.querySelectorAll("a.node")) {
    const [nx, ny] = middle(n);
    const [along, across] = {
      ArrowDown: [ny - y, nx - x], ArrowUp: [y - ny, nx - x], ArrowRight: [nx - x, ny - y], ArrowLeft: [x - nx, ny - y],
    }[e.key];
    const far = along + 2 * Math.abs(across);
    if (along > 1 && far < least) [best, least] = [n, far];
  }
  e.preventDefault();
  if (best) best.focus();
}

function go(key) {
  for (const a of document.querySelectorAll("[data-chord]")) {
    if (a.dataset.chord === key) return a.click();
  }
}

function up() {
  if (rows().includes(document.activeElement)) return document.activeElement.blur();
  const main = document.getElementById("main");
  if (main.dataset.up) location.assign(main.dataset.up);
}

function filter(e) {
  const field = document.querySelector("[data-filter]");
  if (!field) return;
  e.preventDefault();
  field.focus();
}

function pause(e) {
  const live = document.getElementById("live");
  if (document.activeElement !== document.body || live.hidden) return;
  e.preventDefault();
  live.click();
}

document.addEventListener("keydown", (e) => {
  if (!enabled || e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
  if (typing(e)) {
    if (e.key === "Escape") e.target.blur();
    return;
  }
  if (Date.now() - chord < 1500) {
    chord = 0;
    return go(e.key);
  }
  switch (e.key) {
    case "g": chord = Date.now(); break;
    case "j": move(1); break;
    case "k": move(-1); break;
    case "?": go("?"); break;
    case "/": filter(e); break;
    case " ": pause(e); break;
    case "Escape": up(); break;
    case "ArrowDown": case "ArrowUp": case "ArrowLeft": case "ArrowRight": walk(e); break;
  }
});

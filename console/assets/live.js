// What keeps a page current: one event stream per visible tab. htmx's SSE
// extension reads it through the Stream below, which outlives the connection:
// it is closed while the tab is hidden, opened again where it stopped, and
// holds events back while somebody has paused the page or is using its rows.

const button = document.getElementById("live");
const word = document.getElementById("live-word");
const rowEvents = ["requests", "logs", "log"];
const mostHeld = 200;
const streams = new Set();
let paused = false;

class Stream extends EventTarget {
  constructor(url) {
    super();
    this.address = new URL(url, location.href);
    this.names = new Set();
    this.held = [];
    this.heldRows = 0;
    this.outdated = new Set();
    this.failures = 0;
    this.last = "";
    this.readyState = EventSource.CONNECTING;
    streams.add(this);
    // The extension sets its handlers after the constructor returns.
    queueMicrotask(() => this.resume());
  }

  addEventListener(name, listener) {
    super.addEventListener(name, listener);
    if (this.names.has(name)) return;
    this.names.add(name);
    if (this.source) this.listen(name);
  }

  listen(name) {
    this.source.addEventListener(name, (e) => this.take(name, e));
  }

  resume() {
    if (this.readyState === EventSource.CLOSED || this.source || document.hidden || paused) return;
    if (this.last) this.address.searchParams.set("from", this.last);
    const again = this.opened;
    this.source = new EventSource(this.address);
    this.source.onopen = (e) => {
      this.opened = true;
      this.failures = 0;
      this.heard = Date.now();
      this.readyState = EventSource.OPEN;
      show();
      if (this.onopen) this.onopen(e);
      if (again) this.names.forEach((name) => rowEvents.includes(name) || name === "resync" || this.pass(name, ""));
    };
    this.source.onerror = () => this.lost();
    this.names.forEach((name) => this.listen(name));
  }

  // lost tries again after a pause that doubles up to a minute, with jitter.
  lost() {
    this.suspend();
    const pause = Math.min(60000, 500 * 2 ** this.failures++) * (0.5 + Math.random() / 2);
    this.timer = setTimeout(() => this.resume(), pause);
    show();
  }

  suspend() {
    clearTimeout(this.timer);
    if (this.source) this.source.close();
    this.source = null;
    if (this.readyState === EventSource.OPEN) this.readyState = EventSource.CONNECTING;
  }

  close() {
    this.suspend();
    this.readyState = EventSource.CLOSED;
    streams.delete(this);
  }

  take(name, e) {
    if (e.lastEventId) this.last = e.lastEventId;
    this.heard = Date.now();
    if (rowEvents.includes(name)) {
      if (!this.held.length && !busy()) return this.pass(name, e.data);
      this.held.push([name, e.data]);
      this.heldRows += e.data.split("<tr").length - 1;
      if (this.held.length > mostHeld) this.held.shift();
      return show();
    }
    if (!paused && !(busy() && document.querySelector("#fragment[data-hold]"))) return this.pass(name, e.data);
    this.outdated.add(name);
    show();
  }

  pass(name, data) {
    this.dispatchEvent(new MessageEvent(name, { data }));
  }

  flush() {
    const held = this.held;
    this.held = [];
    this.heldRows = 0;
    held.forEach(([name, data]) => this.pass(name, data));
    this.outdated.forEach((name) => this.pass(name, ""));
    this.outdated.clear();
  }
}

// busy says that rows must stay where they are.
function busy() {
  const rows = document.getElementById("rows");
  if (paused) return true;
  if (!rows) return false;
  return rows.contains(document.activeElement) || rows.querySelector("input:checked") || rows.matches(":hover") || rows.getBoundingClientRect().top < 0;
}

function show() {
  let state = "live";
  let text = "Live";
  let held = 0;
  let outdated = 0;
  for (const s of streams) {
    held += s.heldRows;
    outdated += s.outdated.size;
    if (s.readyState === EventSource.OPEN) continue;
    if (s.failures > 0) {
      state = "lost";
      text = s.heard ? `Last heard ${Math.round((Date.now() - s.heard) / 1000)} s ago, retrying` : "Not connected, retrying";
    } else {
      text = "Connecting";
    }
  }
  if (paused) {
    state = "paused";
    text = "Paused";
  }
  button.hidden = streams.size === 0;
  button.dataset.state = state;
  button.setAttribute("aria-pressed", String(paused));
  if (word.textContent !== text) word.textContent = text;
  document.documentElement.toggleAttribute("data-stale", state === "lost");
  const newer = document.getElementById("newer");
  if (!newer) return;
  newer.hidden = held + outdated === 0;
  newer.textContent = held ? `${held} newer ↑` : "Newer ↑";
}

function flush() {
  streams.forEach((s) => s.flush());
  show();
}

function settle() {
  if (busy()) return;
  let waiting = false;
  for (const s of streams) waiting = waiting || s.held.length > 0 || s.outdated.size > 0;
  if (waiting) flush();
}

button.addEventListener("click", () => {
  paused = !paused;
  if (!paused) {
    flush();
    streams.forEach((s) => s.resume());
  }
  show();
});

document.addEventListener("click", (e) => {
  if (e.target.id !== "newer") return;
  if (document.activeElement) document.activeElement.blur();
  scrollTo({ top: 0 });
  flush();
});

document.addEventListener("visibilitychange", () => {
  streams.forEach((s) => (document.hidden ? s.suspend() : s.resume()));
  show();
});

for (const name of ["focusout", "pointerout", "scroll"]) {
  document.addEventListener(name, () => requestAnimationFrame(settle), { passive: true });
}

// What a swap must not undo: how far somebody moved a region, and what they opened.
const kept = new Map();

document.addEventListener("htmx:beforeSwap", (e) => {
  kept.clear();
  for (const el of e.target.querySelectorAll("[data-keep]")) kept.set(el.id, [el.scrollLeft, el.scrollTop]);
  for (const el of e.target.querySelectorAll("details[id]")) kept.set(el.id, el.open);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const [id, was] of kept) {
    const el = document.getElementById(id);
    if (!el) continue;
    if (Array.isArray(was)) [el.scrollLeft, el.scrollTop] = was;
    else el.open = was;
  }
  kept.clear();
});

// A log stays at its end, unless somebody moved it.
const tail = document.querySelector("[data-tail]");
let atEnd = true;
if (tail) {
  tail.scrollTop = tail.scrollHeight;
  tail.addEventListener("scroll", () => {
    atEnd = tail.scrollTop + tail.clientHeight > tail.scrollHeight - 8;
  });
}

document.addEventListener("htmx:sseMessage", (e) => {
  if (e.target === tail && tail) {
    while (tail.childElementCount > Number(tail.dataset.most)) tail.firstElementChild.remove();
    if (atEnd) tail.scrollTop = tail.scrollHeight;
  }
  const rows = e.target;
  if (!rows.dataset || !("feed" in rows.dataset)) return;
  const none = document.getElementById("none");
  if (none) none.remove();
  while (rows.rows.length > Number(rows.dataset.most)) rows.lastElementChild.remove();
});

setInterval(() => {
  settle();
  show();
}, 1000);
htmx.createEventSource = (url) => {
  const s = new Stream(url);
  show();
  return s;
};

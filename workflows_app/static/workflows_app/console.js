// Counts the spans of time on a page, keeps what was unfolded unfolded, says whether the page is
// kept up to date, closes menus, and copies an id. Everything works without it.
"use strict";

function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(seconds / 3600);
  const days = Math.floor(seconds / 86400);
  if (days) return `${days} d ${hours % 24} h`;
  if (hours) return `${hours} h ${minutes % 60} min`;
  return minutes ? `${minutes} min` : `${seconds} s`;
}

function meta(name) {
  return document.querySelector(`meta[name="${name}"]`)?.content ?? "";
}

// The browser's clock may be wrong; the server's is what the instants are of.
const skew = Date.parse(meta("server-now")) - Date.now() || 0;

function count() {
  for (const time of document.querySelectorAll("time[data-count]:not([data-count=''])")) {
    const past = Date.now() + skew - Date.parse(time.dateTime);
    const text = span(time.dataset.count === "until" ? -past : past);
    if (time.textContent !== text) time.textContent = text;
  }
}

function showCopyButtons() {
  for (const button of document.querySelectorAll("[data-copy][hidden]")) {
    button.hidden = !navigator.clipboard;
  }
}

// A fold that the operator opened or closed stays so; the others are as the server sends them.
const chosen = new Map();

document.addEventListener("htmx:beforeSwap", () => {
  for (const fold of document.querySelectorAll("details[id]")) {
    if (fold.open === ("open" in fold.dataset)) chosen.delete(fold.id);
    else chosen.set(fold.id, fold.open);
  }
});
document.addEventListener("htmx:afterSwap", () => {
  for (const fold of document.querySelectorAll("details[id]")) {
    if (chosen.has(fold.id)) fold.open = chosen.get(fold.id);
  }
  showCopyButtons();
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = note?.dataset.copied ?? "✓";
});

// Nobody looks at a hidden page, so it asks nothing; when it is shown again it asks at once.
const POLLED = "[hx-get][hx-trigger*='every ']";
const ENDED = 286; // What the server answers to stop a page from asking.

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.matches(POLLED)) event.preventDefault();
});

function poll() {
  for (const part of document.querySelectorAll(POLLED)) {
    htmx.ajax("GET", part.getAttribute("hx-get"), { source: part }).catch(() => {});
  }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) poll();
});

// Whether what is on the page is what is true now.
const note = document.getElementById("live-note");
const mark = document.getElementById("live-mark");
let heardAt = Date.now();
let lost = false;
let ended = false;

function clock(milliseconds) {
  const parts = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const zone = meta("time-zone");
  return new Intl.DateTimeFormat("en-GB", zone ? { ...parts, timeZone: zone } : parts).format(
    milliseconds + skew,
  );
}

function showWhetherLive() {
  if (mark) mark.hidden = lost || ended || !document.querySelector(`main ${POLLED}`);
}

function lose(event) {
  if (!note || !event.detail.elt?.matches(POLLED)) return;
  const answer = event.detail.xhr?.status ?? 0;
  if (lost || (answer && answer < 500)) return;
  lost = true;
  note.textContent = note.dataset.lost.replace("{time}", clock(heardAt));
  showWhetherLive();
}

for (const trouble of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(trouble, lose);
}
document.addEventListener("htmx:afterRequest", (event) => {
  const answer = event.detail.xhr.status;
  if (answer < 200 || answer >= 400) return;
  heardAt = Date.now();
  ended ||= answer === ENDED;
  if (lost) {
    lost = false;
    if (!ended) note.textContent = "";
  }
  showWhetherLive();
});

// A menu closes with Escape, and when the operator turns to something else.
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.wc-menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.wc-menu")));
document.addEventListener("focusin", (event) => closeMenus(event.target.closest("details.wc-menu")));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.wc-menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// The server shows times in the browser's time zone, unless the operator prefers another.
function tellTimeZone() {
  const zone = `time_zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
  if (document.cookie.split("; ").includes(zone)) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

tellTimeZone();
showCopyButtons();
showWhetherLive();
setInterval(count, 1000);

// Counts the spans of time on a page, keeps what was unfolded unfolded, and copies an id.
// Everything works without it.
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

// The browser's clock may be wrong; the server's is what the instants are of.
const now = document.querySelector("meta[name=server-now]");
const skew = now ? Date.parse(now.content) - Date.now() : 0;

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

let open = new Set();
let closed = new Set();

document.addEventListener("htmx:beforeSwap", () => {
  const folds = [...document.querySelectorAll("details[id]")];
  open = new Set(folds.filter((fold) => fold.open).map((fold) => fold.id));
  closed = new Set(folds.filter((fold) => !fold.open).map((fold) => fold.id));
});
document.addEventListener("htmx:afterSwap", () => {
  for (const fold of document.querySelectorAll("details[id]")) {
    if (open.has(fold.id)) fold.open = true;
    if (closed.has(fold.id)) fold.open = false;
  }
  showCopyButtons();
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = "Copied";
});
showCopyButtons();
setInterval(count, 1000);

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
  button.textContent = "Copied";
});
showCopyButtons();
setInterval(count, 1000);

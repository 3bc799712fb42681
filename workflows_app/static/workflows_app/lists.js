// Keeps the selection while the list is polled, and says what can be done with it.
// Everything works without it.
"use strict";

const many = document.getElementById("many");
const bar = document.getElementById("many-bar");
const picked = new Set();

function boxes() {
  return [...many.querySelectorAll("input[name=process]")];
}

// A row that has left the page is not selected any more: what is sent is what is seen.
function restore() {
  const present = boxes();
  for (const box of present) box.checked = picked.has(box.value);
  picked.clear();
  for (const box of present) if (box.checked) picked.add(box.value);
  show();
}

function show() {
  const all = document.getElementById("many-all").checked;
  const chosen = boxes().filter((box) => box.checked);
  const count = document.getElementById("many-count");
  count.textContent = all ? count.dataset.all : count.dataset.text.replace("{n}", chosen.length);
  for (const button of bar.querySelectorAll("button[name=action]")) {
    const fitting = chosen.filter((box) => box.dataset.can.split(" ").includes(button.value));
    button.querySelector(".wl-count").textContent = all ? "" : fitting.length;
    button.disabled = !all && !fitting.length;
  }
  bar.classList.toggle("wl-idle", !all && !chosen.length);
  const every = document.getElementById("pick-all");
  if (!every) return;
  every.hidden = false;
  every.checked = chosen.length > 0 && chosen.length === boxes().length;
  every.indeterminate = chosen.length > 0 && !every.checked;
}

if (many && bar) {
  many.addEventListener("change", (event) => {
    if (event.target.id === "pick-all") {
      for (const box of boxes()) box.checked = event.target.checked;
    }
    picked.clear();
    for (const box of boxes()) if (box.checked) picked.add(box.value);
    show();
  });
  document.addEventListener("htmx:afterSwap", restore);
  // A page that the browser brings back still has its boxes checked.
  window.addEventListener("pageshow", () => {
    for (const box of boxes()) if (box.checked) picked.add(box.value);
    show();
  });
}

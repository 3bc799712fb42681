// The page of one process: brings it up to date without touching what has not changed, so that
// scroll, folds, focus, a selection and what is being typed stay; and opens confirmations in place.
// Everything works without it.
"use strict";

// Bring the attributes of `old` to those of `fresh`. A fold is open as the operator left it,
// unless the server wants it otherwise than before.
function morphAttributes(old, fresh) {
  const sameWish = old.hasAttribute("data-open") === fresh.hasAttribute("data-open");
  const kept = (name) => name === "open" && sameWish;
  for (const { name, value } of [...fresh.attributes]) {
    if (!kept(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!kept(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
}

// Return which of the nodes from `from` on stands for `fresh`: that of its id, else the next one.
function counterpart(from, fresh) {
  if (fresh.id) {
    for (let node = from; node; node = node.nextSibling) {
      if (node.id === fresh.id && node.nodeName === fresh.nodeName) return node;
    }
    return null;
  }
  return from && from.nodeName === fresh.nodeName && !from.id ? from : null;
}

// What the page is to keep may have moved elsewhere in it, such as among the earlier attempts.
function takeAlong(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  for (const kept of node.querySelectorAll("[data-keep][id]")) {
    const here = document.getElementById(kept.id);
    if (here) kept.replaceChildren(...here.childNodes);
  }
}

function morphChildren(old, fresh) {
  let at = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const match = counterpart(at, node);
    if (!match) {
      takeAlong(node);
      old.insertBefore(node, at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else old.insertBefore(match, at);
    morph(match, node);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.isEqualNode(fresh)) return;
  morphAttributes(old, fresh);
  if (!old.hasAttribute("data-keep")) morphChildren(old, fresh);
}

htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap(style, target, fragment) {
    if (style !== "morph") return false;
    const fresh = fragment.querySelector(`#${target.id}`);
    if (fresh) morph(target, fresh);
    return [target];
  },
});

// Confirmations open in a dialog over the page, which goes on being brought up to date.
const dialog = document.getElementById("dialog");
const said = document.getElementById("said");

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr, requestConfig } = event.detail;
  if (target !== dialog) return;
  // A refusal is shown where it was asked for; a login is a page of its own.
  const asked = new URL(requestConfig.path, location.href).pathname;
  if (xhr.responseURL && new URL(xhr.responseURL).pathname !== asked) {
    event.detail.shouldSwap = false;
    location.assign(asked);
  } else if (xhr.status === 403) {
    location.assign(asked); // It says why.
  } else if (xhr.status === 400 || xhr.status === 409) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== dialog || dialog.open) return;
  said.textContent = "";
  dialog.showModal();
});
document.addEventListener("done", (event) => {
  dialog.close();
  said.textContent = event.detail.says;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) dialog.close();
  // A step that is led to is opened, whether its link is in the drawing or in a sentence.
  const link = event.target.closest("a[href^='#']");
  const fold = link && document.querySelector(`${link.getAttribute("href")} details`);
  if (fold) fold.open = true;
});

// On paper everything is open; afterwards as it was.
let closed = [];
window.addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll(".wp details:not([open])")];
  for (const fold of closed) fold.open = true;
});
window.addEventListener("afterprint", () => {
  for (const fold of closed) fold.open = false;
});
function showPrintButton() {
  for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
}
document.addEventListener("htmx:afterSwap", showPrintButton);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
showPrintButton();

// Does what the help under "?" says: keys, addresses and names of deeds are read from there.
"use strict";

{
  const help = document.getElementById("keyboard");
  const PATIENCE = 1500; // Milliseconds between the keys of a sequence.
  const ROWS = "main [data-row], main tbody tr";
  const SEARCH = "main input[type=search], main [role=search] input[type=text], #searchbar";
  let typed = [];
  let typedAt = 0;

  const deeds = {
    next: () => move(1),
    previous: () => move(-1),
    open: () => here()?.querySelector("a[href]")?.click(),
    select: () => here()?.querySelector("input[type=checkbox]")?.click(),
    search: () => document.querySelector(SEARCH)?.focus(),
    refresh: () => (document.querySelector(`main ${POLLED}`) ? poll() : reload()),
    help: () => help.showModal(),
    close: () => closeMenus(),
  };

  // What is half written in a form is not thrown away by one key.
  function reload() {
    if (!document.querySelector("main form[method=post]")) location.reload();
  }

  function rows() {
    const linked = (row) => row.querySelector("a[href]") && row.checkVisibility();
    return [...document.querySelectorAll(ROWS)].filter(linked);
  }

  // The row that has the focus, so that Enter, the eye and a screen reader agree on it.
  function here() {
    return document.activeElement?.closest(ROWS);
  }

  function move(by) {
    const all = rows();
    const at = all.indexOf(here());
    const row = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
    if (!row) return;
    row.querySelector("a[href]").focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function writes(element) {
    if (element.isContentEditable || element.matches("textarea, select")) return true;
    return element.matches("input:not([type=checkbox], [type=radio], [type=submit], [type=button])");
  }

  function wanted(event) {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.isComposing);
    if (!plain || event.defaultPrevented || document.querySelector("dialog[open]")) return false;
    return !(event.target instanceof Element && writes(event.target));
  }

  function forget() {
    typed = [];
  }

  document.addEventListener("keydown", (event) => {
    if (!help?.hasAttribute("data-on") || ["Shift", "AltGraph"].includes(event.key)) return;
    if (!wanted(event)) return forget();
    if (Date.now() - typedAt > PATIENCE) forget();
    typedAt = Date.now();
    typed.push(event.key);
    const begun = [...help.querySelectorAll("[data-keys]")].filter((shortcut) =>
      `${shortcut.dataset.keys} `.startsWith(`${typed.join(" ")} `),
    );
    const found = begun.find((shortcut) => shortcut.dataset.keys === typed.join(" "));
    if (!begun.length || found) forget();
    if (!found) return;
    if (found.dataset.does !== "close") event.preventDefault();
    if (found.dataset.go) location.assign(found.dataset.go);
    else deeds[found.dataset.does]();
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-open-dialog='keyboard']") || !help) return;
    event.preventDefault();
    closeMenus();
    help.showModal();
  });
}

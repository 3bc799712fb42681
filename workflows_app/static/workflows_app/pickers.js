// Makes a combobox of each picker: it searches as one types, and the keyboard chooses.
// Without this file the search is a button, and what it finds a menu or boxes to tick.
// Source: WAI-ARIA Authoring Practices, "Editable combobox with list autocomplete".
"use strict";

const PAUSE = 200; // Milliseconds without a key before the server is asked.

class Picker {
  constructor(root) {
    this.root = root;
    this.several = "several" in root.dataset;
    this.free = "free" in root.dataset;
    this.input = root.querySelector("[data-search]");
    this.select = root.querySelector("select");
    this.chosen = root.querySelector("[data-chosen]");
    this.status = root.querySelector("[role=status]");
    this.timer = 0;
    this.asked = 0;
    this.prepare();
    this.listen();
  }

  get list() {
    return document.getElementById(`id_${this.root.dataset.picker}_list`);
  }

  get options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  get active() {
    return this.options.find((option) => option.ariaSelected === "true");
  }

  // The list stays out of the way until it is asked for; the text input takes the menu's place.
  prepare() {
    this.root.querySelector("button[name=search]")?.setAttribute("hidden", "");
    this.root.querySelector(".wf-said")?.remove();
    this.input.removeAttribute("list");
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.setAttribute("aria-expanded", "false");
    this.input.setAttribute("aria-controls", this.list.id);
    if (this.select) this.replaceMenu();
    for (const box of this.chosen?.querySelectorAll("input:not(:checked)") ?? []) box.closest("li").remove();
  }

  replaceMenu() {
    const { input, select } = this;
    this.id = select.id;
    select.id = `${this.id}_value`;
    input.id = this.id;
    input.removeAttribute("aria-label");
    input.removeAttribute("name");
    for (const name of ["aria-describedby", "aria-invalid", "required"]) {
      if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
    }
    select.removeAttribute("required");
    select.hidden = true;
    input.placeholder = select.options[0].textContent;
    this.showChosen();
  }

  showChosen() {
    const option = this.select.selectedOptions[0];
    this.input.value = option?.value ? option.textContent : "";
  }

  listen() {
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.input.addEventListener("blur", () => this.left());
    this.root.addEventListener("pointerdown", (event) => {
      const option = event.target.closest("[role=option]");
      if (option || event.target.closest("[role=listbox]")) event.preventDefault(); // Keep the focus.
      if (option) this.choose(option);
    });
  }

  typed() {
    if (this.select && !this.input.value) this.select.value = "";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(this.input.value), PAUSE);
  }

  open() {
    if (!this.list.hidden) return;
    const known = this.select?.selectedOptions[0];
    this.ask(known?.value && known.textContent === this.input.value ? "" : this.input.value);
  }

  async ask(text) {
    clearTimeout(this.timer);
    const name = this.root.dataset.picker;
    const number = ++this.asked;
    const form = new FormData(this.input.form);
    form.set("search", name);
    form.set(`${name}-search`, text);
    let answer;
    try {
      const headers = { "HX-Request": "true" };
      answer = await fetch(this.input.form.action, { method: "POST", body: new URLSearchParams(form), headers });
    } catch {
      return; // Not connected: the next key asks again.
    }
    if (!answer.ok || number !== this.asked || document.activeElement !== this.input) return;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[role=listbox]");
    if (found) this.show(found);
  }

  show(found) {
    this.list.replaceWith(document.adoptNode(found));
    this.list.hidden = !this.options.length;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.input.removeAttribute("aria-activedescendant");
    this.status.textContent = found.dataset.said;
    this.status.classList.toggle("wf-spoken", !this.list.hidden); // The list itself says it too.
  }

  close() {
    clearTimeout(this.timer);
    this.asked += 1;
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.status.textContent = "";
    this.status.classList.toggle("wf-spoken", true);
  }

  pressed(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) this.move(moves[event.key]);
    else if (event.key === "Enter" && !this.list.hidden && this.active) this.choose(this.active);
    else if (event.key === "Enter" && this.several && this.free && this.input.value) this.addTyped();
    else if (event.key === "Escape" && !this.list.hidden) this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  move(by) {
    if (this.list.hidden) {
      this.open();
      return;
    }
    const { options, active } = this;
    const at = active ? options.indexOf(active) + by : by > 0 ? 0 : -1;
    const next = options.at(at % options.length);
    if (active) active.ariaSelected = "false";
    next.ariaSelected = "true";
    next.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", next.id);
  }

  choose(option) {
    const { value } = option.dataset;
    const label = option.textContent;
    this.close();
    if (this.several) {
      this.add(value, label);
      this.input.value = "";
    } else if (this.free) {
      this.input.value = value;
    } else {
      if (![...this.select.options].some((known) => known.value === value)) this.select.add(new Option(label, value));
      this.select.value = value;
      this.input.value = label;
    }
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  addTyped() {
    this.add(this.input.value.trim(), this.input.value.trim());
    this.input.value = "";
    this.close();
  }

  add(value, label) {
    const boxes = [...this.chosen.querySelectorAll("input")];
    const known = boxes.find((box) => box.value === value);
    if (known) {
      known.checked = true;
      return;
    }
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: this.root.dataset.picker, value, checked: true });
    box.id = `${this.input.id}_${boxes.length}_${Date.now()}`;
    const text = Object.assign(document.createElement("label"), { htmlFor: box.id, textContent: label });
    const line = document.createElement("li");
    line.append(box, " ", text);
    this.chosen.append(line);
  }

  // What was typed and not chosen is no value: the input says again what is chosen.
  left() {
    this.close();
    if (this.select) this.showChosen();
    else if (this.several && !this.free) this.input.value = "";
  }
}

function preparePickers() {
  for (const root of document.querySelectorAll("[data-picker]:not([data-ready])")) {
    root.dataset.ready = "";
    new Picker(root);
  }
}

// A search as one types is in the address too, for who goes back to it.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && "address" in event.detail.elt.dataset) {
    history.replaceState(null, "", event.detail.pathInfo.finalRequestPath);
  }
});
document.addEventListener("htmx:afterSwap", preparePickers);
preparePickers();

// Finds text in a terminal, copies it, and follows its end, also when the page is polled.
// Everything else works without it.
"use strict";

(() => {
  const MOST_MATCHES = 1000;
  const terminals = new Map(); // By their ids: where the operator is in each.

  const all = () => document.querySelectorAll("[data-terminal]");
  const pre = (terminal) => terminal.querySelector("pre");

  function stateOf(terminal) {
    const id = terminal.dataset.terminal;
    if (!terminals.has(id)) terminals.set(id, { atEnd: true, top: 0, at: 0, text: "" });
    return terminals.get(id);
  }

  function remember(terminal) {
    const { scrollTop, scrollHeight, clientHeight } = pre(terminal);
    if (!clientHeight) return; // Folded.
    Object.assign(stateOf(terminal), { top: scrollTop, atEnd: scrollHeight - scrollTop - clientHeight < 8 });
  }

  function unmark(output) {
    for (const mark of output.querySelectorAll("mark")) mark.replaceWith(...mark.childNodes);
    output.normalize();
  }

  function textNodes(output) {
    const walker = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
    const nodes = [];
    for (let start = 0; walker.nextNode(); start += walker.currentNode.length) {
      nodes.push({ node: walker.currentNode, start });
    }
    return nodes;
  }

  // A match may begin in one colour and end in another: then it has several marks.
  function markAll(output, text) {
    unmark(output);
    if (!text) return [];
    const wanted = new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "giu");
    const found = [...output.textContent.matchAll(wanted)].slice(0, MOST_MATCHES);
    const nodes = textNodes(output);
    let last = nodes.length - 1;
    const matches = [];
    for (const match of found.reverse()) { // From the end, so that the offsets before stay right.
      const [from, to] = [match.index, match.index + match[0].length];
      while (nodes[last].start >= to) last -= 1;
      const marks = [];
      for (let i = last; i >= 0 && nodes[i].start + nodes[i].node.length > from; i -= 1) {
        const { node, start } = nodes[i];
        const range = document.createRange();
        range.setStart(node, Math.max(0, from - start));
        range.setEnd(node, Math.min(node.length, to - start));
        const mark = document.createElement("mark");
        range.surroundContents(mark);
        marks.push(mark);
      }
      matches.push(marks);
    }
    return matches.reverse();
  }

  function find(terminal, { reveal }) {
    const state = stateOf(terminal);
    const count = terminal.querySelector(".wt-count");
    const matches = markAll(pre(terminal), state.text);
    const m = matches.length;
    state.at = m ? ((state.at % m) + m) % m : 0;
    for (const mark of matches[state.at] ?? []) mark.classList.add("wt-here");
    const words = m ? count.dataset.some.replace("{n}", state.at + 1).replace("{m}", m) : count.dataset.none;
    const said = state.text ? words : "";
    if (count.textContent !== said) count.textContent = said;
    const here = matches[state.at]?.at(-1);
    if (!here || !reveal) return;
    const output = pre(terminal);
    const offset = here.getBoundingClientRect().top - output.getBoundingClientRect().top;
    output.scrollTop += offset - output.clientHeight / 2;
  }

  function restore(terminal) {
    const state = stateOf(terminal);
    terminal.querySelector("[data-find]").hidden = false;
    terminal.querySelector("[data-copy-terminal]").hidden = !navigator.clipboard;
    if (state.text) {
      terminal.querySelector("input").value = state.text;
      find(terminal, { reveal: false });
    }
    const output = pre(terminal);
    output.scrollTop = state.atEnd ? output.scrollHeight : state.top;
  }

  function step(terminal, by) {
    stateOf(terminal).at += by;
    find(terminal, { reveal: true });
  }

  const terminalOf = (event) => event.target.closest?.("[data-terminal]");

  document.addEventListener("input", (event) => {
    const terminal = terminalOf(event);
    if (!terminal) return;
    Object.assign(stateOf(terminal), { text: event.target.value, at: 0 });
    find(terminal, { reveal: true });
  });
  document.addEventListener("keydown", (event) => {
    const terminal = terminalOf(event);
    if (!terminal || event.key !== "Enter" || !event.target.matches("input")) return;
    event.preventDefault();
    step(terminal, event.shiftKey ? -1 : 1);
  });
  document.addEventListener("click", async (event) => {
    const terminal = terminalOf(event);
    const button = event.target.closest("button");
    if (!terminal || !button) return;
    if (button.dataset.step) step(terminal, Number(button.dataset.step));
    if (!("copyTerminal" in button.dataset)) return;
    await navigator.clipboard.writeText(pre(terminal).textContent);
    button.textContent = button.dataset.done;
  });
  // A fold that opens shows the end, as a page that loads does.
  document.addEventListener("toggle", (event) => {
    for (const terminal of event.target.querySelectorAll?.("[data-terminal]") ?? []) restore(terminal);
  }, true);
  document.addEventListener("htmx:beforeSwap", () => all().forEach(remember));
  document.addEventListener("htmx:afterSwap", () => all().forEach(restore));
  all().forEach(restore);
})();

// What was sent after the session had ended is offered to be sent again, after the login, to whom
// typed it. It is kept in this window alone; passwords are not kept.
"use strict";

const KEPT = "unsent";
const offer = document.getElementById("unsent");
const reader = meta("reader");
const TOKEN = "csrfmiddlewaretoken";

function addressOf(form) {
  const { pathname, search } = new URL(
    form.getAttribute("hx-post") || form.getAttribute("action") || location.href,
    location.href,
  );
  return pathname + search;
}

function keep(unsent) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(unsent));
  } catch {
    sessionStorage.removeItem(KEPT); // There is no room for it.
  }
}

function kept() {
  return JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
}

function drop() {
  sessionStorage.removeItem(KEPT);
  offer.hidden = true;
}

function lose() {
  const unsent = kept();
  if (unsent) keep({ ...unsent, lost: true });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!reader || form.method !== "post" || form.id === "logout-form") return;
  const secret = new Set([TOKEN]);
  for (const input of form.querySelectorAll("input[type=password]")) secret.add(input.name);
  const pairs = [...new FormData(form, event.submitter)].filter(
    ([name, value]) => typeof value === "string" && !secret.has(name),
  );
  keep({ address: addressOf(form), reader, pairs });
}, true);

function sendAgain() {
  const { address, pairs } = kept();
  const form = document.createElement("form");
  form.method = "post";
  form.action = address;
  const token = document.querySelector(`[name=${TOKEN}]`).value;
  for (const [name, value] of [[TOKEN, token], ...pairs]) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    form.append(input);
  }
  document.body.append(form);
  form.requestSubmit();
}

// What htmx sends is refused as a page is: it leads to the login, or is older than the login.
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (requestConfig.verb !== "post") return;
  const asked = new URL(requestConfig.path, location.href).pathname;
  const answered = new URL(xhr.responseURL || location.href).pathname;
  if (xhr.status === 403) lose();
  else if (xhr.status < 400 && asked === answered) sessionStorage.removeItem(KEPT);
});

function begin() {
  const unsent = kept();
  if (!unsent) return;
  const refused = offer?.hasAttribute("data-refused");
  if (!reader || refused) lose(); // This is the login, or a refusal.
  if (!reader || !offer) return;
  const here = unsent.address === location.pathname + location.search;
  const lost = unsent.lost || refused;
  if (unsent.reader !== reader || !lost) sessionStorage.removeItem(KEPT);
  else if (here) offer.hidden = false;
}

offer?.querySelector("[data-send]").addEventListener("click", sendAgain);
offer?.querySelector("[data-drop]").addEventListener("click", drop);
begin();

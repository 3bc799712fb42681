// Shows new notices where the reader is, and, if the browser may, in the system's own way.
// Without it the bell leads to the list.
"use strict";

{
  const SEEN = "wc-notices-seen"; // The newest that any page of this browser has shown.
  const SHOWN_MS = 12_000;
  const HIDDEN_MS = 30_000;
  const toasts = document.getElementById("wc-toasts");
  const mayShow = () => "Notification" in window && Notification.permission === "granted";

  function seen() {
    return Number(localStorage.getItem(SEEN));
  }

  function close(toast) {
    toast.remove();
  }

  function show(item) {
    const toast = document.createElement("div");
    const link = document.createElement("a");
    const button = document.createElement("button");
    toast.className = "wc-toast";
    link.href = item.dataset.url;
    link.textContent = item.textContent;
    button.type = "button";
    button.textContent = "×";
    button.setAttribute("aria-label", toasts.dataset.close);
    button.addEventListener("click", () => close(toast));
    toast.append(link, button);
    toasts.append(toast);
    // Who points at it, or has the focus on it, may take their time.
    const timer = setInterval(() => {
      if (!toast.isConnected) clearInterval(timer);
      else if (!toast.matches(":hover, :focus-within")) close(toast);
    }, SHOWN_MS);
  }

  function tell(item) {
    const notification = new Notification(item.textContent, { tag: `wc-${item.dataset.notice}` });
    notification.addEventListener("click", () => {
      window.focus();
      window.location.assign(item.dataset.url);
    });
  }

  function news(root) {
    const items = [...root.querySelectorAll("[data-notice]")];
    const before = localStorage.getItem(SEEN);
    const fresh = items.filter((item) => Number(item.dataset.notice) > seen());
    const newest = Math.max(seen(), ...items.map((item) => Number(item.dataset.notice)));
    localStorage.setItem(SEEN, String(newest));
    if (before === null) return; // The first page of this browser: nothing on it is news.
    for (const item of fresh) {
      if (!document.hidden) show(item);
      if (document.hidden && mayShow()) tell(item);
    }
  }

  document.addEventListener("htmx:afterSwap", () => {
    const bell = document.getElementById("bell");
    if (bell?.hasAttribute("hx-headers")) news(bell); // Before that it has not been answered yet.
  });

  // A hidden page asks for nothing, unless its reader wants to be called back to it.
  setInterval(async () => {
    if (!document.hidden || !mayShow()) return;
    const bell = document.getElementById("bell");
    const answer = await fetch(bell.getAttribute("hx-get")).catch(() => null);
    if (answer?.status !== 200) return;
    news(new DOMParser().parseFromString(await answer.text(), "text/html"));
  }, HIDDEN_MS);

  const ask = document.getElementById("ask-browser");

  function showWhetherAllowed() {
    const asked = Notification.permission !== "default";
    ask.hidden = false;
    ask.disabled = asked;
    if (asked) ask.textContent = mayShow() ? ask.dataset.granted : ask.dataset.denied;
  }

  if (ask && "Notification" in window) {
    showWhetherAllowed();
    ask.addEventListener("click", () => Notification.requestPermission().then(showWhetherAllowed));
  }
}

// Opens, saves and refreshes the record's own parts in place, so that the app beside them stays loaded and keeps its
// state. Everything here also works as plain links and forms. `livePage.refresh` is for what knows of a change.
"use strict";

(() => {
  const root = document.documentElement;
  const liveParts = () => document.querySelectorAll("[data-live]");

  const say = (words) => { document.getElementById("toast").textContent = words; };
  let fading;
  const announce = (words) => {
    clearTimeout(fading);
    say(words);
    fading = setTimeout(() => say(""), 4000);
  };

  const show = (html, url) => {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    if (!fresh.querySelector("[data-live]")) { location.assign(url); return; }
    liveParts().forEach((part) => {
      const next = fresh.getElementById(part.id);
      if (next) part.replaceWith(document.adoptNode(next));
    });
    const words = fresh.getElementById("toast").textContent.trim();
    if (words) announce(words);
    const target = document.querySelector("[data-live] [autofocus], [data-live] [data-focus]");
    if (target) target.focus();
  };

  // A slow answer must not undo what a later click has shown.
  let newest = 0;
  const load = async (url, options = {}) => {
    const mine = ++newest;
    root.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, { ...options, headers: { "X-Live-Parts": "1" }, cache: "no-store" });
      const html = await answer.text();
      if (mine === newest) show(html, answer.url);
    } finally {
      if (mine === newest) root.removeAttribute("aria-busy");
    }
  };

  const editing = () => document.querySelector("form[data-swap]") !== null;
  const here = () => {
    const url = new URL(location.href);
    ["edit", "saved"].forEach((name) => url.searchParams.delete(name));
    return url.href;
  };

  window.livePage = { refresh: () => { if (!editing()) load(here()); } };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    load(link.href);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-swap]");
    if (!form) return;
    event.preventDefault();
    load(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  });

  document.addEventListener("keydown", (event) => {
    const cancel = event.key === "Escape" && document.querySelector("form[data-swap] [data-cancel]");
    if (cancel) cancel.click();
  });
})();

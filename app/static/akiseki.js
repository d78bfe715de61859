// What HTML and htmx do not do by themselves: tell when the live page has lost its server, show the panel that was opened.
"use strict";

const lost = document.getElementById("lost");

document.addEventListener("htmx:sendError", () => {
  if (lost) lost.hidden = false;
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (lost && event.detail.successful) lost.hidden = true;
});
document.addEventListener("htmx:responseError", (event) => {
  if (lost && event.detail.xhr.status >= 500) lost.hidden = false;
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "panel") return;
  const { top } = event.detail.target.getBoundingClientRect();
  if (top < 0 || top > window.innerHeight * 0.6) event.detail.target.scrollIntoView();
  event.detail.target.querySelector("h2")?.focus({ preventScroll: true });
});

// A second click does not send a form twice; who comes back to the page may send it again, as may whoever has waited.
const ONCE_IN_MS = 10_000;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  const at = Date.now();
  if (at - Number(form.dataset.sentAt || 0) < ONCE_IN_MS) event.preventDefault();
  else form.dataset.sentAt = at;
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent-at]")) delete form.dataset.sentAt;
});

// The arrow keys move through the cells of a grid: one stop for the tab key, where one was last.
for (const grid of document.querySelectorAll("[data-grid]")) {
  const rows = [...grid.tBodies[0].rows].map((row) => [...row.querySelectorAll("input")]).filter((row) => row.length);
  const all = rows.flat();
  all.forEach((input, index) => { input.tabIndex = index ? -1 : 0; });
  const go = (input) => {
    if (!input) return;
    all.forEach((one) => { one.tabIndex = -1; });
    input.tabIndex = 0;
    input.focus();
    input.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const column = (input) => input.closest("td").cellIndex;
  const below = (from, step) => {
    const wanted = column(from);
    let at = rows.findIndex((row) => row.includes(from)) + step;
    while (rows[at]) {
      const found = rows[at].find((one) => column(one) === wanted);
      if (found) return found;
      at += step;
    }
    return null;
  };
  grid.addEventListener("keydown", (event) => {
    const index = all.indexOf(event.target);
    if (index < 0) return;
    const target = {
      ArrowRight: () => all[index + 1],
      ArrowLeft: () => all[index - 1],
      ArrowDown: () => below(event.target, 1),
      ArrowUp: () => below(event.target, -1),
    }[event.key];
    if (!target) return;
    event.preventDefault();
    go(target());
  });
}

// A group of the menu that is open closes when one goes elsewhere, or presses Escape.
const groups = [...document.querySelectorAll(".top nav details")];
document.addEventListener("click", (event) => {
  for (const one of groups) if (!one.contains(event.target)) one.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const one of groups.filter((found) => found.open)) {
    one.open = false;
    if (one.contains(document.activeElement)) one.querySelector("summary").focus();
  }
});

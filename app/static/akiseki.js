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

// Takes a farmer's number out of the page after thirty seconds. Without this file the style sheet hides it.
"use strict";

const SECONDS = 30;

for (const shown of document.querySelectorAll("[data-reveal]")) {
  setTimeout(() => {
    shown.textContent = "";
    shown.classList.add("reveal--over");
  }, SECONDS * 1000);
}

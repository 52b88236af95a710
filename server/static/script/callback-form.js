// Hides the questions about the answer when nobody answered, and closes the sheet with Esc.
// Without this file the questions stay and the server passes over them.
"use strict";

const form = document.querySelector("form[data-callback]");
const side = document.querySelector(".side");

function hideWhatDoesNotMatter() {
  const reached = form.querySelector("input[name=reached]:checked");
  const questions = form.querySelector("[data-when-reached]");
  if (questions) questions.hidden = Boolean(reached) && reached.value !== "reached";
}

if (form) {
  form.addEventListener("change", hideWhatDoesNotMatter);
  hideWhatDoesNotMatter();
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && side && !event.isComposing) location.assign(side.dataset.close);
});

// Keys of the triage page: J K through the queue, 1-3 choose an expert, Enter assigns, A V X open a sheet, Esc closes it.
// The page works without this file; it also writes the chosen expert's name on the button.
"use strict";

const assign = document.querySelector("form[data-assign]");
const side = document.querySelector(".side");

function nameTheButton() {
  const chosen = assign && assign.querySelector("input[name=expert]:checked");
  const words = assign && assign.querySelector("[data-assign-words]");
  if (chosen && words) words.textContent = assign.dataset.assign.replace("{name}", chosen.dataset.name);
}

function move(step) {
  const rows = Array.from(document.querySelectorAll(".pane--queue .row"));
  const here = rows.findIndex((row) => row.hasAttribute("aria-current"));
  const next = rows[here + step];
  if (next) next.click();
}

function choose(number) {
  const cards = assign ? assign.querySelectorAll("input[name=expert]") : [];
  if (!cards[number - 1]) return;
  cards[number - 1].checked = true;
  cards[number - 1].focus();
  nameTheButton();
}

function isTyping(target) {
  return target.matches("textarea, select, input:not([type=radio]), [contenteditable]");
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.key === "Escape" && side) location.assign(side.dataset.close);
  if (side || isTyping(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "j") move(1);
  else if (key === "k") move(-1);
  else if (/^[1-3]$/.test(key)) choose(Number(key));
  else if (key === "enter" && assign && !event.target.closest("a, button, summary")) assign.requestSubmit();
  else {
    const link = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!link) return;
    link.click();
  }
  event.preventDefault();
}

if (assign) assign.addEventListener("change", nameTheButton);
document.addEventListener("keydown", onKey);
nameTheButton();

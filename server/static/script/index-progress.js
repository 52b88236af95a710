// Moves the progress bar of a rebuild with the server's events, and draws the page anew when it ends.
// Without this file the page refreshes itself.
"use strict";

const card = document.querySelector("[data-progress]");

function draw(progress) {
  card.querySelector("[data-percent]").textContent = `${progress.percent}%`;
  card.querySelector("[data-left-words]").textContent = progress.left;
  const bar = card.querySelector("[data-bar]");
  bar.style.setProperty("--v", `${progress.percent}%`);
  bar.setAttribute("aria-valuenow", String(progress.percent));
  Array.from(card.querySelectorAll("[data-stages] li")).forEach((item, place) => {
    const stage = progress.stages[place];
    item.className = stage.state;
    item.textContent = "";
    if (stage.state) item.append(icon(stage.state === "done" ? "check" : "clock"));
    const words = document.createElement("span");
    words.textContent = stage.words;
    item.append(words);
  });
}

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  drawing.append(use);
  return drawing;
}

if (card) {
  const events = new EventSource(card.dataset.progress);
  events.addEventListener("message", (event) => {
    const { progress } = JSON.parse(event.data);
    if (progress) {
      draw(progress);
      return;
    }
    events.close();
    location.reload();
  });
}

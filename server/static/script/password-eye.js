// The eye beside a password: shows it while you want to read it.
"use strict";

for (const eye of document.querySelectorAll("[data-eye]")) {
  const field = document.getElementById(eye.dataset.eye);
  eye.hidden = false;
  eye.addEventListener("click", () => {
    field.type = field.type === "password" ? "text" : "password";
    eye.setAttribute("aria-pressed", String(field.type === "text"));
    field.focus();
  });
}

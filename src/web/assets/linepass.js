// Small comforts. Every page works without them.
"use strict";

// A page that answers a post stands at the form's own address: Back and reload open the form again
// by GET, and no browser asks whether to post a second time.
history.replaceState(history.state, "", location.href);

// One press, one post: the button says that it works. The server takes an order once anyway.
for (const form of document.querySelectorAll("form[data-once]")) {
  const button = form.querySelector("button[type=submit]");
  const label = button.textContent;
  const ready = () => {
    delete form.dataset.sent;
    button.textContent = label;
    button.removeAttribute("aria-disabled");
  };
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    button.textContent = button.dataset.working;
    button.setAttribute("aria-disabled", "true");
    setTimeout(ready, 15000);
  });
  // Back from the next page: the form can be sent again.
  window.addEventListener("pageshow", (event) => event.persisted && ready());
}

for (const button of document.querySelectorAll("button[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  const word = button.querySelector("[data-word]");
  button.hidden = false;
  button.setAttribute("aria-controls", field.id);
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    word.textContent = shown ? button.dataset.hide : button.dataset.show;
  };
  button.addEventListener("click", () => {
    show(field.type === "password");
    field.focus();
  });
  // A password that is sent is hidden again, so that no browser keeps it as plain text.
  field.form.addEventListener("submit", () => show(false));
}

for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// What the limits come to, while they are typed; the server checks the sum anyway.
for (const sum of document.querySelectorAll("[data-sum]")) {
  const figure = sum.querySelector("[data-sum-figure]");
  const language = document.documentElement.lang;
  const half = (text) => text.replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  const yen = (text) => Number(half(text).replace(/[^0-9]/g, ""));
  const shown = (amount) =>
    language === "ja" ? `${amount.toLocaleString("en")}円` : `¥${amount.toLocaleString("en")}`;
  const fields = sum.closest("form").querySelectorAll("input[name^=limit_]");
  const update = () => {
    let total = 0;
    for (const field of fields) {
      const present = field.closest(".field").querySelector(".present b");
      total += yen(field.value.trim() === "" ? present.textContent : field.value);
    }
    figure.textContent = shown(total);
    sum.classList.toggle("is-over", total > Number(sum.dataset.limit));
  };
  for (const field of fields) {
    field.addEventListener("input", update);
  }
  update();
}

const errors = document.getElementById("errors");
if (errors) {
  errors.focus();
}

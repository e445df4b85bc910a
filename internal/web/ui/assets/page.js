// What makes pages nicer where scripts run. Every page works without it.

// A form that was sent says so and is not sent twice. The page may come back
// from the browser's cache, and is then ready again.
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    if (!("stays" in form.dataset)) { // its answer is a file, or in another window
      form.setAttribute("aria-busy", "true");
    }
  });
}
addEventListener("pageshow", () => {
  for (const form of document.forms) {
    form.removeAttribute("aria-busy");
  }
});

// A password can be looked at before it is sent.
for (const button of document.querySelectorAll("[data-reveals]")) {
  const input = document.getElementById(button.dataset.reveals);
  button.hidden = false;
  button.addEventListener("click", () => {
    const show = input.type === "password";
    input.type = show ? "text" : "password";
    button.setAttribute("aria-pressed", String(show));
    input.focus();
  });
  input.form.addEventListener("submit", () => {
    input.type = "password"; // so that the browser offers to keep it as one
  });
}

// A question is asked in a dialog instead of on a page of its own.
for (const link of document.querySelectorAll("[data-opens]")) {
  const dialog = document.getElementById(link.dataset.opens);
  link.setAttribute("aria-haspopup", "dialog");
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) {
      return;
    }
    event.preventDefault();
    dialog.showModal();
  });
  dialog.querySelector("[data-closes]").addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) {
      dialog.close(); // on what is behind it
    }
  });
}

// What is pasted or chosen is looked at at once.
for (const form of document.querySelectorAll("[data-at-once]")) {
  form.querySelector("textarea").addEventListener("paste", () => {
    setTimeout(() => form.requestSubmit()); // once it is in the field
  });
  form.querySelector("input[type=file]").addEventListener("change", (event) => {
    if (event.target.files.length) {
      form.requestSubmit();
    }
  });
}

// What cannot be undone is possible once its name is typed.
for (const input of document.querySelectorAll("[data-typed]")) {
  const button = input.form.querySelector("button[type=submit]");
  const fold = (s) => s.trim().replace(/\s+/g, " ").toLowerCase();
  const judge = () => {
    button.disabled = fold(input.value) !== fold(input.dataset.typed);
  };
  input.addEventListener("input", judge);
  judge();
}

// A list is filtered as soon as something is chosen.
for (const form of document.querySelectorAll("[data-sends]")) {
  const button = form.querySelector("button[type=submit]");
  button.classList.add("unseen"); // Enter still finds it
  for (const select of form.querySelectorAll("select")) {
    select.addEventListener("change", () => form.requestSubmit());
  }
}

// A page that tells how far something has come is asked for anew, by somebody
// who looks at it and is not writing something there, nor waiting for the answer
// to what they sent, nor being asked a question.
const busy = () => document.querySelector("form[aria-busy=true], dialog[open]") !== null;
const writing = () => Array.from(document.querySelectorAll("input, textarea")).some((field) => field.value !== field.defaultValue);
for (const part of document.querySelectorAll("[data-reloads]")) {
  setInterval(() => {
    if (document.visibilityState === "visible" && !writing() && !busy()) {
      location.reload();
    }
  }, 1000 * Number(part.dataset.reloads));
}

// What begins in another window is waited for in this one.
for (const form of document.querySelectorAll("[data-follows]")) {
  form.addEventListener("submit", (event) => {
    if (!event.submitter?.formTarget) {
      setTimeout(() => location.assign(form.dataset.follows), 500);
    }
  });
}

// Menus close when something else is meant.
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details:is(.dots, .person)[open]")) {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  }
});
addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details:is(.dots, .person)[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Instants are shown in the zone of the browser.
for (const time of document.querySelectorAll("time[title]")) {
  const at = new Date(time.dateTime);
  time.title = at.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "long" });
}

// What was saved is said aloud, which takes a change after the page is there,
// and not again when the page is loaded anew.
for (const toast of document.querySelectorAll(".toast")) {
  const text = toast.querySelector("span");
  const said = text.textContent;
  text.textContent = "";
  requestAnimationFrame(() => {
    text.textContent = said;
  });
  const url = new URL(location);
  url.searchParams.delete("saved");
  history.replaceState(history.state, "", url);
}

// A value can be copied. Browsers allow it on https and on loopback.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent.trim());
      button.querySelector("[role=status]").textContent = button.dataset.done;
    });
  }
}

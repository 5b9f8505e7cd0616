/* What a script adds to pages that do without: suggestions of the search box, copy, print, the contents as a select. */
"use strict";

function combobox(input) {
  const offers = document.getElementById(input.id + "-offers");
  let at = -1;
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"]])
    input.setAttribute(name, value);
  const options = () => [...offers.querySelectorAll("[role=option]")];

  function open(shown) {
    offers.hidden = !shown;
    const listed = shown && options().length > 0;
    input.setAttribute("aria-expanded", String(listed));
    if (listed) input.setAttribute("aria-controls", input.id + "-list");
    else input.removeAttribute("aria-controls");
    choose(-1);
  }

  function choose(index) {
    at = index;
    options().forEach((each, number) => each.setAttribute("aria-selected", String(number === at)));
    const chosen = options()[at];
    if (chosen) {
      input.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  input.addEventListener("htmx:configRequest", (event) => {
    if (input.value.trim().length < 2) {
      event.preventDefault();
      open(false);
    }
  });
  input.addEventListener("htmx:responseError", () => open(false));
  offers.addEventListener("htmx:afterSwap", () => {
    open(document.activeElement === input);
    document.getElementById(input.id + "-said").textContent = offers.querySelector(".offers__say").textContent;
  });
  input.addEventListener("blur", () => setTimeout(() => open(false), 150));
  input.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.isComposing) return;
    if (event.key === "Escape" && !offers.hidden) {
      event.preventDefault();
      open(false);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
      event.preventDefault();
      if (offers.hidden) open(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(((at + 1 + step + count + 1) % (count + 1)) - 1);
    } else if (event.key === "Enter" && at >= 0 && !offers.hidden) {
      event.preventDefault();
      location.assign(options()[at].dataset.go);
    }
  });
  offers.addEventListener("mousedown", (event) => event.preventDefault());
  offers.addEventListener("click", (event) => {
    const chosen = event.target.closest("[role=option]");
    if (chosen) location.assign(chosen.dataset.go);
  });
}

function contents(menu) {
  const label = document.createElement("label");
  const select = document.createElement("select");
  label.className = "toc__select";
  select.className = "select";
  select.setAttribute("aria-label", menu.getAttribute("aria-label"));
  for (const link of menu.querySelectorAll("a")) {
    const count = link.querySelector("b");
    const words = count ? link.firstChild.textContent + "（" + count.textContent + "条）" : link.textContent;
    select.append(new Option(words, link.getAttribute("href")));
  }
  select.addEventListener("change", () => location.assign(select.value));
  label.append(select);
  menu.before(label);
  menu.classList.add("has-select");
}

/* A link to a record opens it. */
function openTarget() {
  const record = location.hash && document.getElementById(location.hash.slice(1));
  const details = record && record.querySelector(":scope > details");
  if (details) {
    details.open = true;
    record.scrollIntoView();
  }
}

document.querySelectorAll("[data-combobox]").forEach(combobox);
document.querySelectorAll("nav.toc").forEach(contents);
document.querySelectorAll("[data-noscript]").forEach((each) => { each.hidden = true; });
document.querySelectorAll("[data-print]").forEach((each) => {
  each.hidden = false;
  each.addEventListener("click", () => window.print());
});
document.querySelectorAll("[data-copy]").forEach((each) => {
  if (!navigator.clipboard) return;
  each.hidden = false;
  each.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(each.dataset.copy).textContent);
    each.querySelector("span").textContent = "已复制";
  });
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  const box = document.querySelector("[data-combobox]");
  if (event.key === "/" && !typing && box && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    box.focus();
  }
});
document.addEventListener("htmx:afterSwap", (event) => {
  event.target.querySelectorAll("[data-noscript]").forEach((each) => { each.hidden = true; });
});
window.addEventListener("hashchange", openTarget);
openTarget();

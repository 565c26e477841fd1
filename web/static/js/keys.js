// Keys of the staff pages. An element says data-key="ctrl+KeyK" (event.code, so any keyboard layout works);
// pressing the key focuses a field or clicks anything else. Bare keys work only outside fields and only when the
// person has not switched them off. data-rows: arrows walk the rows and Enter opens the first link of one.
"use strict";

const IN_FIELD = "input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]";

function nameOf(event) {
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("ctrl");
  if (event.altKey) parts.push("alt");
  if (event.shiftKey) parts.push("shift");
  parts.push(event.code === "NumpadEnter" ? "Enter" : event.code);
  return parts.join("+");
}

function act(element) {
  if (element.matches(IN_FIELD)) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.code];
  const list = event.target.closest?.("[data-rows]");
  if (!step || !list) return false;
  const links = [...list.querySelectorAll("[data-row]")];
  if (!links.length) return false;
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
  if (next < 0) list.querySelector("[data-rows-start]")?.focus();
  else links[Math.min(next, links.length - 1)].focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (walk(event)) return event.preventDefault();
  const name = nameOf(event);
  const bare = !name.startsWith("ctrl") && !name.startsWith("alt") && !/^(Escape|F\d+)$/.test(event.code);
  if (bare && (event.target.closest?.(IN_FIELD) || document.body.dataset.singleKeys === "off")) return;
  if (event.code === "Escape") return escape(event);
  const found = [...document.querySelectorAll("[data-key]")].find(
    (element) => element.dataset.key.split(" ").includes(name) && !element.disabled && element.offsetParent !== null,
  );
  if (!found) return;
  event.preventDefault();
  act(found);
});

// What opened the panel: focus goes back to it, and its ?why= leaves the address, which names what is on the screen.
let opener = null;

function closePanel(panel) {
  panel.replaceChildren();
  const address = new URL(location.href);
  address.searchParams.delete("why");
  history.replaceState(history.state, "", address);
  (opener?.isConnected ? opener : document.querySelector("[data-opener]"))?.focus();
}

// Escape closes what lies on top: found rows, the panel, an open menu.
function escape(event) {
  const found = document.getElementById("found");
  const panel = document.getElementById("panel");
  if (found?.firstChild) {
    found.replaceChildren();
  } else if (panel?.firstChild) {
    closePanel(panel);
  } else {
    event.target.closest?.("details[open]")?.removeAttribute("open");
  }
}

// A click on a row follows its first link; a click elsewhere closes what the search found.
document.addEventListener("click", (event) => {
  opener = event.target.closest("[data-opener]") ?? opener;
  const found = document.getElementById("found");
  if (found && !event.target.closest(".search")) found.replaceChildren();
  const row = event.target.closest("tr[data-open]");
  if (row && !event.target.closest("a, button, input, label, summary") && !String(getSelection())) {
    row.querySelector("a[href]")?.click();
  }
});

// A field that changes the page when chosen (data-submits) sends its form without a button.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

// A field that belongs to a choice (data-picks="id of its radio button") makes that choice when it is filled.
document.addEventListener("input", (event) => {
  const radio = document.getElementById(event.target.dataset?.picks ?? "");
  if (radio) radio.checked = true;
});

// A fragment that says data-focus="selector" gives the keyboard to that field once it is in place.
document.addEventListener("htmx:after:swap", () => {
  const wish = document.querySelector("[data-focus]");
  document.querySelector(wish?.dataset.focus ?? null)?.focus();
  wish?.removeAttribute("data-focus");
});

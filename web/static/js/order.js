// Lists put in order by hand: data-order on the list, data-place on the number of a row. A row is dragged, or moved
// by Alt+arrows while it has the keyboard; the numbers follow, and the form sends them.
"use strict";

function renumber(list) {
  [...list.querySelectorAll("[data-place]")].forEach((field, at) => (field.value = at + 1));
}

document.addEventListener("keydown", (event) => {
  const row = event.altKey && event.target.closest?.("[data-order] > li");
  const other = row && { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling }[event.code];
  if (!row || !["ArrowUp", "ArrowDown"].includes(event.code)) return;
  event.preventDefault();
  if (!other) return;
  event.code === "ArrowUp" ? other.before(row) : other.after(row);
  renumber(row.parentElement);
  event.target.focus();
});

let dragged = null;

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-order] > li[draggable]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  dragged.classList.add("dragged");
});

document.addEventListener("dragover", (event) => {
  const over = dragged && event.target.closest?.("[data-order] > li");
  if (!over || over.parentElement !== dragged.parentElement) return;
  event.preventDefault();
  if (over === dragged) return;
  const box = over.getBoundingClientRect();
  event.clientY < box.top + box.height / 2 ? over.before(dragged) : over.after(dragged);
});

document.addEventListener("dragend", () => {
  if (!dragged) return;
  dragged.classList.remove("dragged");
  renumber(dragged.parentElement);
  dragged = null;
});

// A number typed into a row moves it there when the field is left.
document.addEventListener("change", (event) => {
  const row = event.target.matches?.("[data-place]") && event.target.closest("[data-order] > li");
  if (!row) return;
  const rows = [...row.parentElement.children].filter((one) => one !== row);
  const place = Number.parseInt(event.target.value, 10);
  if (place > 0) {
    const before = rows[place - 1];
    before ? before.before(row) : row.parentElement.append(row);
  }
  renumber(row.parentElement);
});

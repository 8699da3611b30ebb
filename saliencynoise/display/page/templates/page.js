"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  for (const element of all(".scripted")) element.hidden = false;

  // Sorting: numbers by their keys, what has none always last; words by the order of the language.
  const compare = (a, b, numeric, sign) => {
    if (!numeric) return sign * a.textContent.localeCompare(b.textContent, "en", { numeric: true });
    const empty = (cell) => cell.dataset.key === "";
    if (empty(a) || empty(b)) return empty(a) - empty(b);
    const [x, y] = [Number(a.dataset.key), Number(b.dataset.key)];
    return x === y ? 0 : sign * (x < y ? -1 : 1);
  };

  const sort = (table, heading) => {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    const [place, numeric] = [heading.cellIndex, heading.classList.contains("number")];
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => compare(a.cells[place], b.cells[place], numeric, descending ? -1 : 1));
    table.tBodies[0].append(...rows);
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  };

  for (const table of all("table[data-sortable]")) {
    for (const heading of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(table, heading));
      heading.append(button);
    }
  }

  // Filtering: a row is shown where its words hold what was typed, and it is of what was chosen.
  const filter = (name) => {
    const controls = all("[data-filters]").filter((own) => own.dataset.filters === name);
    const fits = (row, control) => {
      if (control.value === "") return true;
      if (control.dataset.by) return row.dataset[control.dataset.by] === control.value;
      return row.textContent.toLowerCase().includes(control.value.trim().toLowerCase());
    };
    const rows = [...document.getElementById(name).tBodies[0].rows];
    for (const row of rows) row.hidden = !controls.every((control) => fits(row, control));
    const shown = rows.filter((row) => !row.hidden).length;
    for (const status of all("[data-counts]")) {
      if (status.dataset.counts === name) status.textContent = `${shown} of ${rows.length} rows`;
    }
  };

  for (const control of all("[data-filters]")) {
    control.addEventListener("input", () => filter(control.dataset.filters));
  }

  // A picture is in the page once; its link takes it from there.
  for (const link of all("[data-picture]")) link.href = link.closest(".picture").querySelector("img").src;

  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    window.getSelection().removeAllRanges();
    window.getSelection().addRange(range);
  };

  for (const text of all("pre.copied")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => {
      select(text);
      const copied = navigator.clipboard ? navigator.clipboard.writeText(text.textContent) : Promise.reject();
      copied.then(() => { button.textContent = "Copied"; }, () => { button.textContent = "Selected: copy it now"; });
    });
    text.after(button);
  }

  // On paper everything is open.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    for (const own of opened) own.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const own of opened) own.open = false;
  });
})();

"use strict";
// Sorting and filtering. Without this script every row is shown, in the order of the document.
(() => {
  const main = (cell) => cell.dataset.value ?? (cell.firstChild ? cell.firstChild.textContent : "");

  // Numbers within words count as numbers, so that 5.9 comes before 5.10; the language is fixed.
  const order = new Intl.Collator("en", { numeric: true });

  const compare = (one, other) => {
    const [left, right] = [one.key, other.key];
    if (left === "–" || right === "–") {
      return (left === "–") - (right === "–");
    }
    return order.compare(left, right) || one.place - other.place;
  };

  const sort = (table, column, direction) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => {
      const cell = row.cells[column];
      return { row, place: Number(row.dataset.place), key: cell.dataset.rank ?? main(cell) };
    });
    if (direction === "none") {
      rows.sort((one, other) => one.place - other.place);
    } else {
      rows.sort(compare);
      if (direction === "descending") {
        rows.reverse();
      }
    }
    const sorted = document.createDocumentFragment();
    for (const { row } of rows) {
      sorted.append(row);
    }
    body.append(sorted);
  };

  const next = { none: "ascending", ascending: "descending", descending: "none" };

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tBodies[0].rows].forEach((row, place) => {
      row.dataset.place = place;
    });
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const direction = next[head.getAttribute("aria-sort")];
        for (const other of heads) {
          other.setAttribute("aria-sort", "none");
        }
        head.setAttribute("aria-sort", direction);
        sort(table, column, direction);
      });
    });
  }

  for (const form of document.querySelectorAll("form.filters")) {
    const table = document.getElementById(form.dataset.for);
    const shown = document.getElementById(form.dataset.for + "-shown");
    const rows = [...table.tBodies[0].rows];
    const fields = [...form.elements].filter((field) => field.name);
    const texts = new Map();
    const textOf = (row) => {
      if (!texts.has(row)) {
        texts.set(row, row.textContent.toLowerCase());
      }
      return texts.get(row);
    };

    const apply = () => {
      const chosen = fields.filter((field) => field.value.trim() !== "");
      const tests = chosen.map((field) => {
        const wanted = field.value.trim();
        if (field.name === "q") {
          const words = wanted.toLowerCase().split(/\s+/);
          return (row) => words.every((word) => textOf(row).includes(word));
        }
        return (row) => main(row.cells[field.dataset.column]) === wanted;
      });
      let count = 0;
      for (const row of rows) {
        const fits = tests.every((test) => test(row));
        row.hidden = !fits;
        count += fits ? 1 : 0;
      }
      shown.textContent = `${count} of ${rows.length} rows shown`;
    };

    // The state stands in the address, so that a filtered view can be sent to somebody.
    const write = () => {
      const state = new URLSearchParams();
      for (const field of fields) {
        if (field.value.trim() !== "") {
          state.set(field.name, field.value.trim());
        }
      }
      try {
        history.replaceState(null, "", "#" + (state.toString() || table.id));
      } catch {
        // Some viewers of local files forbid it; the filter works all the same.
      }
    };

    const read = () => {
      const hash = location.hash.slice(1);
      if (!hash.includes("=")) {
        return;
      }
      const state = new URLSearchParams(hash);
      for (const field of fields) {
        field.value = state.get(field.name) ?? "";
        if (field.value === "" && field.selectedIndex < 0) {
          field.selectedIndex = 0;
        }
      }
      apply();
      form.scrollIntoView();
    };

    // Browsers that are driven by programs tell of a choice by `change` alone.
    let waiting = 0;
    const soon = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        apply();
        write();
      }, 120);
    };
    form.addEventListener("input", soon);
    form.addEventListener("change", soon);
    form.addEventListener("reset", () => setTimeout(() => {
      apply();
      write();
    }));
    form.addEventListener("submit", (event) => event.preventDefault());
    window.addEventListener("hashchange", read);
    form.hidden = false;
    read();
  }
})();

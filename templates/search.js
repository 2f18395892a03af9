"use strict";
// Full-text search over the index of this page. Every word that is typed must begin a word of what is found.
(() => {
  const index = JSON.parse(document.getElementById("search-index").textContent);
  const form = document.getElementById("search");
  const field = form.elements.q;
  const shown = document.getElementById("search-shown");
  const found = document.getElementById("search-found");
  const most = 200;

  // Places are written as differences, in base 36, one list a word.
  const places = (list) => {
    let place = 0;
    return list.split(" ").map((step) => (place += parseInt(step, 36)));
  };

  const first = (wanted) => {
    let [low, high] = [0, index.words.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (index.words[middle] < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };

  const holding = (word) => {
    const all = new Set();
    for (let at = first(word); at < index.words.length && index.words[at].startsWith(word); at += 1) {
      places(index.places[at]).forEach((place) => all.add(place));
    }
    return all;
  };

  const wordsOf = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

  const search = () => {
    const text = field.value.trim().toLowerCase();
    const words = wordsOf(text);
    found.replaceChildren();
    if (words.length === 0) {
      shown.textContent = "";
      return;
    }
    const sets = words.map(holding).sort((one, other) => one.size - other.size);
    const hits = [...sets[0]].filter((place) => sets.every((set) => set.has(place)));
    // What is called so stands before what only speaks of it.
    const rank = (place) => {
      const name = index.pages[place][0].toLowerCase();
      return name === text ? 0 : name.startsWith(text) ? 1 : name.includes(text) ? 2 : 3;
    };
    const ranked = hits.map((place) => [rank(place), place]);
    ranked.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    for (const [, place] of ranked.slice(0, most)) {
      const [name, kind, address, note] = index.pages[place];
      const link = document.createElement("a");
      link.href = found.dataset.up + address;
      link.textContent = name;
      const sort = document.createElement("small");
      sort.textContent = ` ${kind}`;
      const line = document.createElement("span");
      line.textContent = note;
      const item = document.createElement("li");
      item.append(link, sort, document.createElement("br"), line);
      found.append(item);
    }
    const more = hits.length > most ? `, the first ${most} shown` : "";
    shown.textContent = hits.length === 0 ? "Nothing found" : `${hits.length} found${more}`;
  };

  const write = () => {
    try {
      const text = field.value.trim();
      history.replaceState(null, "", text === "" ? location.pathname : "#q=" + encodeURIComponent(text));
    } catch {
      // Some viewers of local files forbid it; the search works all the same.
    }
  };

  const read = () => {
    const state = new URLSearchParams(location.hash.slice(1));
    if (state.has("q")) {
      field.value = state.get("q");
      search();
    }
  };

  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      search();
      write();
    }, 100);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", read);
  document.getElementById("no-search").hidden = true;
  form.hidden = false;
  read();
})();

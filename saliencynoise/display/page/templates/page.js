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

  // Averages: the maps of single networks are in the page, and their averages are drawn as the slider moves.
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

  const averaging = (place) => {
    const data = JSON.parse(place.dataset.averages);
    const palettes = Object.fromEntries(Object.entries(data.palettes).map(([name, text]) => [name, bytes(text)]));
    for (const row of data.rows) {
      for (const own of row.images) [own.values, own.bits] = [new Int8Array(bytes(own.maps).buffer), bytes(own.significant)];
    }
    const [slider, words] = [place.querySelector("#averaged"), place.querySelector("#averaged-words")];
    const [single, strength] = [place.querySelector("[data-single]"), place.querySelector("[data-strength]")];
    const [choice, picture] = [place.querySelector("[data-averaged-picture]"), place.querySelector("[data-pictured]")];
    const [play, members, cards] = [place.querySelector("[data-play]"), Number(slider.max), all(".average", place)];

    // The sum of the members from `first` to before `end`, divided by their number; NaN where one of them is NaN.
    const mean = (own, first, end) => {
      const pixels = own.size[0] * own.size[1];
      const sum = new Float64Array(pixels);
      for (let member = first; member < end; member++) {
        for (let pixel = 0; pixel < pixels; pixel++) {
          const value = own.values[member * pixels + pixel];
          sum[pixel] += value === -128 ? NaN : value * own.steps[member];
        }
      }
      return sum.map((value) => value / (end - first));
    };

    const draw = (canvas, own, map, shown) => {
      [canvas.height, canvas.width] = own.size;
      const image = new ImageData(own.size[1], own.size[0]);
      const [palette, low] = [palettes[own.palette], own.palette === "signed" ? -own.limit : 0];
      map.forEach((value, pixel) => {
        const level = own.limit > 0 ? Math.floor((256 * (value - low)) / (own.limit - low)) : own.palette === "signed" ? 128 : 0;
        const colour = 3 * (Number.isNaN(value) ? 256 : Math.min(255, Math.max(0, level)));
        image.data.set([...palette.subarray(colour, colour + 3), shown(pixel) ? 255 : 0], 4 * pixel);
      });
      canvas.getContext("2d").putImageData(image, 0, 0);
    };

    const card = (element, row, count) => {
      const own = row.images[choice ? Number(choice.value) : 0];
      const [alone, name] = [single.checked, element.getAttribute("aria-label")];
      const map = alone ? mean(own, count - 1, count) : mean(own, 0, count);
      const scale = strength.checked && !alone && own.norms[count - 1] > 0 ? own.norms[count - 1] : 1;
      const [tile, tested] = all("canvas", element);
      const [known, across] = [!alone && count > 1, Math.ceil(map.length / 8)];
      const bit = (pixel) => (own.bits[(count - 2) * across + (pixel >> 3)] >> (7 - (pixel & 7))) & 1;
      const scaled = map.map((value) => value / scale);
      draw(tile, own, scaled, () => true);
      draw(tested, own, scaled, (pixel) => Number.isNaN(map[pixel]) || (known && bit(pixel)));
      const reliability = row.reliability[alone ? 0 : count - 1];
      const share = alone ? own.shares[0] : own.shares[count - 1];
      element.querySelector(".bar").style.width = `${100 * (reliability ? reliability[0] : 0)}%`;
      element.querySelector(".reliable").textContent = reliability ? `reliability ${reliability[1]}` : "reliability not known";
      element.querySelector(".share").textContent = share;
      tile.setAttribute("aria-label", `${name}: ${words.textContent}`);
      tested.setAttribute("aria-label", `${name}: ${share}`);
    };

    const update = () => {
      const count = Number(slider.value);
      words.textContent = single.checked ? `network ${count} of ${members} alone` : `average of ${count} of ${members} networks`;
      slider.setAttribute("aria-valuetext", words.textContent);
      if (picture) picture.src = data.pictures[choice ? Number(choice.value) : 0];
      cards.forEach((element, index) => card(element, data.rows[index], count));
    };

    let playing = 0;
    const stop = () => {
      clearInterval(playing);
      playing = 0;
      play.textContent = "Play";
    };
    const step = (by) => {
      slider.value = Number(slider.value) + by;
      update();
      if (Number(slider.value) === members) stop();
    };
    play.addEventListener("click", () => {
      if (playing) return stop();
      if (Number(slider.value) === members) slider.value = 1;
      play.textContent = "Pause";
      playing = setInterval(() => step(1), 700);
      return update();
    });
    for (const button of all("[data-step]", place)) {
      button.addEventListener("click", () => { stop(); step(Number(button.dataset.step)); });
    }
    slider.addEventListener("input", () => { stop(); update(); });
    for (const control of [single, strength, choice].filter(Boolean)) control.addEventListener("change", update);
    update();
  };

  for (const place of all("[data-averages]")) averaging(place);

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

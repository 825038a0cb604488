{
  const section = document.querySelector("#promises");
  const table = section?.querySelector(".matrix");
  const finder = section?.querySelector(".finder");

  const filtered = () => {
    const rows = [...table.tBodies[0].rows];
    const text = finder.querySelector("input");
    const parameter = finder.querySelector("select");
    const shown = finder.querySelector("output");
    const radios = [...section.querySelectorAll(".filter input[type=radio]")];
    const said = new Map();
    const words = (row) => {
      if (!said.has(row)) {
        const titles = [...row.querySelectorAll("[title]")].map((cell) => cell.title);
        said.set(row, [row.cells[0].textContent, row.textContent, ...titles].join(" ").toLowerCase());
      }
      return said.get(row);
    };
    const chosen = (name) => radios.find((each) => each.name === name && each.checked);
    const choose = (name, value) => {
      const known = radios.filter((each) => each.name === name);
      const wanted = known.find((each) => value && (each.dataset.name ?? each.value) === value);
      for (const each of known) each.checked = each === (wanted ?? known[0]);
    };
    const show = () => {
      const asked = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const fits = !parameter.value || row.dataset.parameter === parameter.value;
        row.hidden = !(fits && asked.every((word) => words(row).includes(word)));
      }
      // The choices of state and provider are made by the style, with or without this script.
      const left = rows.filter((row) => row.getClientRects().length).length;
      const bold = document.createElement("b");
      bold.textContent = left.toLocaleString("en");
      const noun = rows.length === 1 ? "promise" : "promises";
      shown.replaceChildren(bold, ` of ${rows.length.toLocaleString("en")} ${noun}`);
      table.dispatchEvent(new Event("filtered"));
    };
    const fragment = () => {
      const state = chosen("show")?.value;
      const provider = chosen("of")?.dataset.name;
      const parts = new URLSearchParams();
      if (state && state !== "all") parts.set("state", state);
      if (provider) parts.set("provider", provider);
      if (parameter.value) parts.set("parameter", parameter.value);
      if (text.value.trim()) parts.set("q", text.value.trim());
      return parts.size ? `#promises?${parts}` : "#promises";
    };
    const own = () => ["", "#promises"].includes(location.hash) || location.hash.startsWith("#promises?");
    const read = () => {
      const parts = new URLSearchParams(location.hash.slice("#promises?".length));
      choose("show", parts.get("state"));
      choose("of", parts.get("provider"));
      const wanted = parts.get("parameter") ?? "";
      parameter.value = [...parameter.options].some((each) => each.value === wanted) ? wanted : "";
      text.value = parts.get("q") ?? "";
      show();
    };
    const write = (step) => {
      show();
      if (fragment() !== location.hash && (location.hash || fragment() !== "#promises"))
        history[step](history.state, "", fragment());
    };
    // Fragments of cells, cases and findings are not the filter's: it stays as it is.
    const follow = () => {
      if (own()) read();
    };
    finder.hidden = false;
    for (const each of [...radios, parameter])
      each.addEventListener("change", () => write("pushState"));
    // A word that is being typed is one step back, not one for each letter.
    let typing = false;
    text.addEventListener("input", () => {
      write(typing ? "replaceState" : "pushState");
      typing = true;
    });
    text.addEventListener("change", () => (typing = false));
    text.addEventListener("blur", () => (typing = false));
    text.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && text.value) {
        event.preventDefault();
        text.value = "";
        write("pushState");
      }
    });
    finder.querySelector("button").addEventListener("click", () => {
      choose("show", null);
      choose("of", null);
      parameter.value = text.value = "";
      write("pushState");
      text.focus();
    });
    addEventListener("popstate", follow);
    addEventListener("hashchange", follow);
    if (location.hash.startsWith("#promises?")) {
      read();
      section.scrollIntoView();
    } else show();
    // A browser may put back what was chosen before this page was loaded again.
    addEventListener("pageshow", (event) => event.persisted && show());
    return text;
  };

  const walked = (leave) => {
    let current = null;
    const target = (cell) => cell.querySelector("a, button") ?? cell;
    const visible = (element) => element.getClientRects().length > 0;
    const mark = (cell) => {
      if (current) target(current).tabIndex = -1;
      current = cell;
      target(cell).tabIndex = 0;
    };
    const rows = () => [...table.tBodies[0].rows].filter(visible);
    const cells = (row) => [...row.cells].filter((cell) => cell.tagName === "TD" && visible(cell));
    const go = (row, column) => {
      const along = row && cells(row);
      const cell = along?.[Math.min(column, along.length - 1)];
      if (!cell) return;
      mark(cell);
      target(cell).focus({ preventScroll: true });
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    };
    const first = () => {
      if (!current || !visible(current)) {
        const row = rows()[0];
        if (row && cells(row)[0]) mark(cells(row)[0]);
      }
    };
    // One stop for the tab key, whatever the number of cells; the arrows do the rest.
    for (const cell of table.querySelectorAll("tbody td")) target(cell).tabIndex = -1;
    first();
    table.addEventListener("filtered", first);
    table.addEventListener("focusin", (event) => {
      const cell = event.target.closest("td");
      if (cell) mark(cell);
    });
    const moves = {
      ArrowUp: (all, y, x) => [all[y - 1], x],
      ArrowDown: (all, y, x) => [all[y + 1], x],
      ArrowLeft: (all, y, x) => [all[y], Math.max(x - 1, 0)],
      ArrowRight: (all, y, x) => [all[y], x + 1],
      Home: (all, y) => [all[y], 0],
      End: (all, y) => [all[y], Infinity],
      PageUp: (all, y, x) => [all[Math.max(y - 10, 0)], x],
      PageDown: (all, y, x) => [all[Math.min(y + 10, all.length - 1)], x],
    };
    table.addEventListener("keydown", (event) => {
      const cell = event.target.closest("td");
      if (!cell || event.altKey || event.metaKey || event.ctrlKey || event.shiftKey) return;
      if (event.key === "Escape") {
        leave.focus();
        event.preventDefault();
      } else if (Object.hasOwn(moves, event.key)) {
        const all = rows();
        const row = cell.parentElement;
        go(...moves[event.key](all, all.indexOf(row), cells(row).indexOf(cell)));
        event.preventDefault();
      }
    });
  };

  const cued = () => {
    const scroller = table.closest(".scroll");
    const frame = scroller.parentElement;
    const cue = () => {
      const rest = scroller.scrollWidth - scroller.clientWidth - scroller.scrollLeft;
      frame.classList.toggle("before", scroller.scrollLeft > 1);
      frame.classList.toggle("after", rest > 1);
    };
    scroller.addEventListener("scroll", cue, { passive: true });
    table.addEventListener("filtered", cue);
    new ResizeObserver(cue).observe(scroller);
  };

  if (table && finder) {
    cued();
    walked(filtered());
  }
}

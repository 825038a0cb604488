{
  const tip = document.createElement("div");
  tip.className = "sz-tip";
  tip.setAttribute("role", "status");
  const hide = () => tip.remove();
  const show = (text, box) => {
    tip.textContent = text;
    document.body.append(tip);
    const left = Math.min(box.left + 14, document.documentElement.clientWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(left, 4) + scrollX}px`;
    tip.style.top = `${box.bottom + 8 + scrollY}px`;
  };
  addEventListener("keydown", (event) => event.key === "Escape" && hide());

  for (const mark of document.querySelectorAll(".sz-mark")) {
    const title = mark.querySelector("title");
    const text = title.textContent;
    title.remove();
    if (!mark.hasAttribute("href")) {
      mark.setAttribute("role", "img");
      mark.setAttribute("aria-label", text);
    }
    const tell = () => show(text, (mark.querySelector("use:last-of-type") ?? mark).getBoundingClientRect());
    mark.addEventListener("pointerenter", tell);
    mark.addEventListener("focus", tell);
    mark.addEventListener("pointerleave", hide);
    mark.addEventListener("blur", hide);
  }
  for (const figure of document.querySelectorAll(".sz")) {
    const picture = figure.querySelector(":scope > svg");
    if (picture) {
      const name = figure.querySelector("figcaption b").textContent;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sz-zoom";
      button.textContent = "Enlarge";
      button.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-label", `Enlarge ${name}`);
      button.addEventListener("click", () => {
        const large = figure.classList.toggle("large");
        button.textContent = large ? "Smaller" : "Enlarge";
        button.setAttribute("aria-pressed", String(large));
      });
      figure.append(button);
    }
  }

  const words = { "!": "tried, never served", "?": "tried, no answer", "_": "never tried", "-": "exclude each other" };
  for (const map of document.querySelectorAll(".cov-map")) {
    const { step, left, top, signs } = map.dataset;
    const size = Number(step);
    const rows = signs.split(" ");
    const values = [...map.querySelectorAll(".cov-value")].map((text) => text.textContent);
    let parameter = "";
    const names = [...map.querySelectorAll(".cov-name, .cov-value")].flatMap((text) => {
      if (text.classList.contains("cov-name")) {
        parameter = text.textContent;
        return [];
      }
      return [parameter];
    });
    const cross = document.createElementNS(map.namespaceURI, "path");
    cross.setAttribute("class", "cov-cross");
    const leave = () => {
      cross.remove();
      hide();
    };
    map.addEventListener("pointerleave", leave);
    map.addEventListener("pointermove", (event) => {
      const box = map.getBoundingClientRect();
      const scale = box.width / map.viewBox.baseVal.width;
      const column = Math.floor(((event.clientX - box.left) / scale - left) / size);
      const row = Math.floor(((event.clientY - box.top) / scale - top) / size);
      const sign = rows[row]?.[column];
      if (sign === undefined) {
        leave();
        return;
      }
      const x = Number(left) + column * size;
      const y = Number(top) + row * size;
      cross.setAttribute("d", `M${left} ${y}H${x}M${x} ${y + size}V${Number(top) + rows.length * size}M${x} ${y}h${size}v${size}h-${size}z`);
      map.append(cross);
      const count = Number.parseInt(sign, 36);
      const most = sign === "z" ? " or more" : "";
      const told = words[sign] ?? `served ${count}${most} time${count === 1 ? "" : "s"}`;
      const one = `${names[row]} ${values[row]}`;
      const both = row === column ? one : `${one} with ${names[column]} ${values[column]}`;
      show(`${both}: ${told}`, { left: event.clientX, bottom: event.clientY });
    });
  }
}

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
}

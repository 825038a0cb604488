{
  // A cell's link opens what stands behind it in a dialog; without this script it leads there.
  const KEPT = "sheet";
  const named = (fragment) => document.getElementById(fragment.slice(1));
  const isCell = (fragment) => fragment.startsWith("#cell-") && named(fragment) !== null;
  let dialog = null;
  let body = null;
  let title = null;
  let permanent = null;
  let shown = "";

  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  // A copy must not have the ids of what it was made of: they name one place each.
  const copyOf = (original) => {
    const copy = original.cloneNode(true);
    copy.removeAttribute("id");
    for (const inner of copy.querySelectorAll("[id]")) inner.removeAttribute("id");
    return copy;
  };

  const close = () => {
    if (history.state === KEPT) history.back();
    else {
      history.replaceState(null, "", location.pathname + location.search);
      sync();
    }
  };

  const make = () => {
    title = element("h2", { id: "sheet-title", tabIndex: -1 });
    permanent = element("a", { textContent: "Permanent link" });
    const button = element("button", { type: "button", textContent: "Close" });
    button.addEventListener("click", close);
    body = element("div", {});
    dialog = element("dialog", { className: "sheet" });
    dialog.setAttribute("aria-labelledby", "sheet-title");
    dialog.append(element("header", {}, title, permanent, button), body);
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      close();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) close(); // the backdrop is the dialog's own
    });
    document.body.append(dialog);
  };

  const unfold = (item, open) => {
    const link = item.querySelector('a[href^="#case-"]');
    const original = link && named(link.getAttribute("href"));
    if (!original) return null;
    const folded = element("details", { open });
    const summary = copyOf(original.parentElement.querySelector("summary"));
    folded.append(summary, copyOf(original));
    const leads = element("a", { href: link.getAttribute("href"), textContent: "Link to this transcript" });
    folded.append(element("p", { className: "meta" }, leads));
    return folded;
  };

  const fill = (fragment) => {
    const copy = copyOf(named(fragment));
    const heading = copy.querySelector("h3");
    title.textContent = heading.textContent;
    heading.remove();
    permanent.href = fragment;
    body.replaceChildren(copy);
    let first = true;
    for (const item of copy.querySelectorAll(".shown-by li")) {
      const folded = unfold(item, first);
      if (!folded) continue;
      body.append(folded);
      item.remove();
      first = false;
    }
    const rest = copy.querySelector(".shown-by");
    if (rest?.children.length) body.append(rest);
    else rest?.remove();
  };

  const cellOf = (fragment) =>
    [...document.querySelectorAll(".matrix td a")].find((link) => link.hash === fragment);

  const reveal = (target) => {
    for (let at = target.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
    target.scrollIntoView();
  };

  // The one place that opens and closes: the fragment says what is shown.
  const sync = () => {
    const fragment = location.hash;
    if (isCell(fragment)) {
      if (!dialog) make();
      fill(fragment);
      shown = fragment;
      if (!dialog.open) dialog.showModal();
      dialog.scrollTop = 0;
      title.focus({ preventScroll: true });
    } else if (dialog?.open) {
      dialog.close();
      const cell = cellOf(shown);
      const target = fragment && !fragment.includes("?") && named(fragment);
      if (target) reveal(target);
      else cell?.focus({ preventScroll: false });
    }
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);
    if (!link || !plain || !isCell(link.hash)) return;
    event.preventDefault();
    if (link.hash !== location.hash) history.pushState(KEPT, "", link.hash);
    sync();
  });
  addEventListener("popstate", sync);
  addEventListener("hashchange", sync);
  sync();
}

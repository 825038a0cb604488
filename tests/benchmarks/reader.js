// What of a page a reader has before the eyes. Put into the page by reader.py; changes nothing.
(() => {
  // A part of the window that nothing clips: where an element's boxes lie within it.
  const inside = (rect, frame) =>
    rect.width > 0 && rect.top >= frame.top - 1 && rect.bottom <= frame.bottom + 1 &&
    rect.left >= frame.left - 1 && rect.right <= frame.right + 1;
  const frames = (element) => {
    const found = [{ top: 0, left: 0, bottom: innerHeight, right: innerWidth }];
    for (let each = element; each && each !== document.documentElement; each = each.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(each);
      if (overflowX !== "visible" || overflowY !== "visible") found.push(each.getBoundingClientRect());
    }
    return found;
  };
  const uncovered = (rect, element) => {
    const top = document.elementFromPoint(rect.left + rect.width / 2, rect.top + rect.height / 2);
    return top !== null && (top.contains(element) || element.contains(top));
  };
  const shown = (range, element) => {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
    const rects = [...range.getClientRects()];
    const within = frames(element);
    return rects.length > 0 && rects.every((rect) => within.every((frame) => inside(rect, frame)))
      && uncovered(rects[0], element);
  };
  const texts = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, (node) =>
      node.parentElement.closest("script, style") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
    const found = [];
    while (walker.nextNode()) found.push(walker.currentNode);
    return found;
  };
  const ranged = (node, from, to) => {
    const range = document.createRange();
    range.setStart(node, from);
    range.setEnd(node, to);
    return range;
  };
  // The first place in the window where words stand that fit the pattern, whole.
  const place = (pattern, nodes) => nodes.find((node) =>
    [...node.data.matchAll(new RegExp(pattern, "gi"))].some((hit) =>
      shown(ranged(node, hit.index, hit.index + hit[0].length), node.parentElement)));
  // A figure of a table: the row begins with a name, the column's head fits the pattern.
  const figure = ([name, head], nodes) => {
    for (const cell of document.querySelectorAll("td")) {
      const row = cell.closest("tbody");
      const heads = cell.closest("table").tHead;
      const own = cell.dataset.head ?? heads?.rows[0].cells[cell.cellIndex]?.textContent ?? "";
      const group = cell.dataset.head ? row : cell.parentElement;
      if (!new RegExp(head, "i").test(own) || !new RegExp(name, "i").test(group.querySelector("th")?.textContent ?? "")) continue;
      const node = nodes.find((each) => cell.contains(each) && each.data.trim());
      if (node && shown(ranged(node, 0, node.data.length), node.parentElement)) return node;
    }
    return undefined;
  };
  const words = (last, nodes) => {
    let count = 0;
    for (const node of nodes) {
      if (node.data.trim() && shown(ranged(node, 0, node.data.length), node.parentElement)) {
        count += node.data.trim().split(/\s+/).length;
      }
      if (node === last) break;
    }
    return count;
  };
  window.reader = {
    // How many words lie before the answer's end in the window; null where it is not in it.
    answered: (alternatives) => {
      const nodes = texts();
      for (const needles of alternatives) {
        const found = [];
        for (const needle of needles) {
          const node = Array.isArray(needle) ? figure(needle, nodes) : place(needle, nodes);
          if (!node) break;
          found.push(node);
        }
        if (found.length === needles.length) {
          found.sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
          return words(found.at(-1), nodes);
        }
      }
      return null;
    },
    // What can be clicked in the window and says so in its words, its label or its column's head.
    links: (pattern) => {
      const all = [...document.querySelectorAll('a[href^="#"], summary, button')];
      const said = (each) => [
        each.textContent, each.getAttribute("aria-label"), each.title,
        each.closest("[data-head]")?.dataset.head, each.closest("dd")?.previousElementSibling?.textContent,
        each.closest("h3, li, p")?.textContent,
        each.closest("div, section")?.querySelector("h3")?.textContent,
      ].filter(Boolean).join(" ").replace(/\s+/g, " ");
      return all.map((each, at) => ({ at, said: said(each), text: each.textContent.trim().replace(/\s+/g, " "), each }))
        .filter(({ said, each }) => new RegExp(pattern, "i").test(said) && shown(ranged(each, 0, each.childNodes.length), each))
        .map(({ at, text, each }) => ({ at, text, words: words(texts().find((node) => each.contains(node)), texts()) }));
    },
    click: (at) => [...document.querySelectorAll('a[href^="#"], summary, button')][at].click(),
  };
})();

{
  const NUMBER = /-?[\d.]+/g;
  // The corners of a stair: M and L name both places, H and V one of them.
  const corners = (path) => {
    let x = 0, y = 0;
    return (path.match(/[MLHV][^MLHVZ]*/g) || []).map((part) => {
      const numbers = part.match(NUMBER).map(Number);
      if (part[0] === "H") [x] = numbers;
      else if (part[0] === "V") [y] = numbers;
      else [x, y] = numbers;
      return [x, y];
    });
  };
  const served = (points, x) => {
    const passed = points.filter((point) => point[0] <= x);
    return passed.length ? 100 - passed[passed.length - 1][1] : 0;
  };
  const share = (value) => value.toFixed(value % 1 ? 1 : 0);
  const seconds = (value) => value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(value < 10 ? 2 : 1)} s`;

  const read = (figure, chart, x) => {
    const low = Number(chart.dataset.low), high = Number(chart.dataset.high);
    const at = "log" in chart.dataset ? low * (high / low) ** (x / 100) : low + (high - low) * x / 100;
    const said = [];
    for (const [who, curve] of [...chart.querySelectorAll(".curve")].entries()) {
      const toggle = figure.querySelector(`[data-who="${who}"]`);
      const points = corners(curve.getAttribute("d"));
      if ((toggle && !toggle.checked)) continue;
      const last = points[points.length - 1];
      if (last[0] < x && last[1] > 0) continue;
      const band = chart.querySelector(`.band.who${who}`);
      let between = "";
      if (band) {
        const [upper, lower] = band.getAttribute("d").split("L");
        const bounds = [served(corners(`M${lower}`).reverse(), x), served(corners(upper), x)];
        between = ` [${bounds.map(share).join(", ")}]`;
      }
      said.push(`${curve.dataset.name} ${share(served(points, x))} %${between}`);
    }
    return `After ${seconds(at)} served: ${said.join("; ") || "nothing was observed so long"}`;
  };

  for (const figure of document.querySelectorAll(".times-figure")) {
    const chart = figure.querySelector(".curves");
    const line = document.createElementNS(chart.namespaceURI, "line");
    line.setAttribute("class", "cursor");
    line.setAttribute("y1", "20");
    line.setAttribute("y2", "240");
    line.setAttribute("visibility", "hidden");
    chart.append(line);
    const moment = document.createElement("p");
    const slider = document.createElement("input");
    const output = document.createElement("output");
    moment.className = "moment";
    Object.assign(slider, { type: "range", min: 0, max: 100, step: 0.5, value: 50, autocomplete: "off" });
    slider.setAttribute("aria-label", "Moment at which to read the curves");
    output.textContent = "Point at the curves, or move the slider, to read the shares at a moment.";
    moment.append(slider, output);
    chart.after(moment);
    const show = () => {
      line.setAttribute("x1", `${slider.value}%`);
      line.setAttribute("x2", `${slider.value}%`);
      line.setAttribute("visibility", "visible");
      output.textContent = read(figure, chart, Number(slider.value));
    };
    slider.addEventListener("input", show);
    figure.addEventListener("change", (event) => { if (event.target !== slider) show(); });
    chart.addEventListener("pointermove", (event) => {
      const box = chart.getBoundingClientRect();
      slider.value = (event.clientX - box.left) / box.width * 100;
      show();
    });
  }
}

(() => {
  "use strict";
  const UNKNOWN = "\u2013";
  const text = (value, digits, unit) => {
    if (value === null) return UNKNOWN;
    const plain = Math.abs(value).toLocaleString("en-US", {
      minimumFractionDigits: digits, maximumFractionDigits: digits,
    });
    const sign = value < 0 && /[1-9]/.test(plain) ? "\u2212" : "";
    return sign + plain + (unit === "%" ? "%" : unit ? " " + unit : "");
  };
  const instant = (ms) => new Date(ms).toISOString().slice(0, 16).replace("T", " ") + " UTC";
  const nearest = (places, at) => {
    let low = 0, high = places.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (places[middle] < at) low = middle; else high = middle;
    }
    return at - places[low] <= places[high] - at ? low : high;
  };

  const lines = (data) => {
    const places = data.t || data.x;
    const first = data.t ? places[0] : 0, length = data.t ? places[places.length - 1] - first : 1;
    const height = (value) => (data.least ? Math.log10(Math.max(value, data.least)) : value);
    return {
      count: places.length,
      upright: false,
      across: (i) => (length ? (places[i] - first) / length : 0.5),
      find: (x) => nearest(places, first + x * length),
      say: (i) => (data.t ? instant(data.t[i]) : data.labels[i]) + ": " + data.series
        .map((line) => line.name + " " + text(line.values[i], data.digits, data.unit)).join(", "),
      dots: (i) => data.series.map((line) => ({
        css: line.css,
        at: line.values[i] === null ? null : (data.high - height(line.values[i])) / (data.high - data.low),
      })),
    };
  };
  const rows = (data) => ({
    count: data.rows.length,
    upright: true,
    find: (y) => Math.min(data.rows.length - 1, Math.floor(y * data.rows.length)),
    say: (i) => data.rows[i],
  });

  const isTouched = matchMedia("(hover: none)").matches;
  for (const figure of document.querySelectorAll("figure[data-graph]")) {
    const source = figure.querySelector("script");
    const plot = figure.querySelector(".plot");
    const readout = figure.querySelector(".readout");
    if (!source) continue;
    const data = JSON.parse(source.textContent);
    const graph = data.rows ? rows(data) : lines(data);
    const hint = isTouched ? (graph.upright ? "Tap a bar to read it." : "Tap or drag to read a value.")
      : graph.upright ? "Point at a bar, or press \u2191 \u2193 here."
      : "Point at the chart, or press \u2190 \u2192 here.";
    const cross = document.createElement("i");
    cross.className = "cross";
    if (!graph.upright) {
      cross.style.top = data.top + "px";
      plot.append(cross);
    }
    const dots = graph.upright ? [] : data.series.map((line) => {
      const dot = document.createElement("i");
      dot.className = "dot " + line.css;
      cross.append(dot);
      return dot;
    });
    let at = -1;
    const clear = () => {
      at = -1;
      figure.classList.remove("read");
      readout.textContent = hint;
      for (const row of plot.querySelectorAll(".here")) row.classList.remove("here");
    };
    const show = (i) => {
      clear();
      at = Math.max(0, Math.min(graph.count - 1, i));
      figure.classList.add("read");
      readout.textContent = graph.say(at);
      plot.setAttribute("aria-valuenow", at);
      plot.setAttribute("aria-valuetext", readout.textContent);
      if (graph.upright) { plot.children[at].classList.add("here"); return; }
      cross.style.left = 100 * graph.across(at) + "%";
      graph.dots(at).forEach((dot, k) => {
        dots[k].hidden = dot.at === null;
        if (dot.at !== null) dots[k].style.top = 100 * dot.at + "%";
      });
    };
    const point = (event) => {
      const box = plot.getBoundingClientRect();
      const share = graph.upright ? (event.clientY - box.top) / box.height
        : (event.clientX - box.left) / box.width;
      show(graph.find(Math.max(0, Math.min(1, share))));
    };
    const keys = {
      ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 20, PageUp: -20,
      Home: -Infinity, End: Infinity,
    };
    plot.tabIndex = 0;
    plot.setAttribute("role", "slider");
    plot.setAttribute("aria-label", figure.dataset.said);
    plot.setAttribute("aria-orientation", graph.upright ? "vertical" : "horizontal");
    plot.setAttribute("aria-valuemin", 0);
    plot.setAttribute("aria-valuemax", graph.count - 1);
    plot.setAttribute("aria-valuenow", 0);
    plot.setAttribute("aria-valuetext", graph.say(0));
    plot.addEventListener("pointermove", point);
    plot.addEventListener("pointerdown", point);
    /* a finger leaves as it lifts: what it read stays until a tap elsewhere */
    plot.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") clear();
    });
    document.addEventListener("pointerdown", (event) => {
      if (at >= 0 && !plot.contains(event.target)) clear();
    });
    plot.addEventListener("blur", clear);
    plot.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { clear(); return; }
      const step = keys[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const start = at < 0 ? (step > 0 ? -1 : graph.count) : at;
      show(step === -Infinity ? 0 : step === Infinity ? graph.count - 1 : start + step);
    });
    clear();
  }

  /* what scrolls sideways can be reached by Tab and fades at its edge; what does not is no stop */
  for (const table of document.querySelectorAll(".scroll")) {
    const measure = () => {
      const rest = table.scrollWidth - table.clientWidth;
      if (rest > 1) table.tabIndex = 0; else table.removeAttribute("tabindex");
      table.classList.toggle("more", rest - table.scrollLeft > 1);
    };
    new ResizeObserver(measure).observe(table);
    table.addEventListener("scroll", measure, { passive: true });
    measure();
  }

  /* paper cannot be clicked: everything folded is printed open */
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const each of folded) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of folded) each.open = false;
    folded = [];
  });
})();

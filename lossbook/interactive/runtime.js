// The runtime of live figures.  Python (figure.py) writes the formulas; this draws them in SVG, and again whenever the
// reader moves something.  lossbookLive(key, make) brings to life each figure of the page that has the key and sleeps.
window.lossbookLive ??= (() => {
  const style = document.createElement("style");
  style.textContent = CSS;
  document.head.append(style);

  // --- What the formulas call
  const total = (low, high, f) => { let s = 0; for (let i = low; i <= high; i++) s += f(i); return s; };
  const product = (low, high, f) => { let s = 1; for (let i = low; i <= high; i++) s *= f(i); return s; };
  // The point where f is smallest: the best of a grid, then golden sections.  formulas.py has the same.
  const search = (f, low, high) => {
    const step = (high - low) / 64, golden = (Math.sqrt(5) - 1) / 2;
    let best = 0, least = Infinity;
    for (let i = 0; i <= 64; i++) {
      const value = f(low + i * step);
      if (value < least) { least = value; best = i; }
    }
    let a = Math.max(low, low + (best - 1) * step), b = Math.min(high, low + (best + 1) * step);
    for (let i = 0; i < 48; i++) {
      const width = golden * (b - a);
      if (f(b - width) <= f(a + width)) b = a + width; else a = b - width;
    }
    return (a + b) / 2;
  };
  const minimiser = (f, low, high) => {
    const found = search(f, low, high), edge = (high - low) * 1e-4;
    return found - low < edge ? -Infinity : high - found < edge ? Infinity : found;
  };

  // --- Words and elements
  const format = (value, digits, unit = "", none = "undefined") => {
    if (!Number.isFinite(value)) return none;
    const text = Math.abs(value).toFixed(digits), minus = value < 0 && Number(text) !== 0;
    return (minus ? "−" : "") + text + (unit && ` ${unit}`);
  };
  const element = (name, attributes, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const tag = (name, attributes, inside = "") =>
    `<${name} ${Object.entries(attributes).map(([key, value]) => `${key}="${value}"`).join(" ")}>${inside}</${name}>`;

  // Round numbers between low and high, about `wish` of them.
  const ticks = (low, high, wish) => {
    const rough = (high - low) / wish, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((m) => m * power >= rough * 0.999);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), found = [];
    for (let i = Math.ceil(low / step - 1e-6); i * step <= high + step * 1e-6; i++)
      found.push([i * step, format(i * step, digits)]);
    return found;
  };

  // --- One panel: a frame, which changes with the width of the page, and marks, which change with every movement
  const TOP = 26, BOTTOM = 40, RIGHT = 14, NEAR = 28;
  const panelOf = (spec, variables, move) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const tall = () => Math.round(spec.height * (matchMedia("(max-width: 599px)").matches ? 0.8 : 1)); // a phone shows more
    svg.setAttribute("role", "img"); svg.style.height = `${tall()}px`;
    svg.setAttribute("aria-label", spec.name);
    const sheet = element("div", { class: "live-sheet" }, svg);
    const grips = spec.handles.map((handle) => {
      const variable = variables[handle.variable], slider = !variable.input;
      const grip = element("div", { class: "live-grip", style: `--c:${handle.color}`, ...(slider
        ? { role: "slider", tabindex: 0, "aria-label": variable.name,
          "aria-valuemin": variable.low, "aria-valuemax": variable.high } : { "aria-hidden": true, tabindex: -1 }) });
      // Chromium would scroll the page while a finger drags, whatever touch-action says of what lies above an SVG.
      grip.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
      grip.addEventListener("keydown", (event) => {
        const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10,
          Home: -Infinity, End: Infinity }[event.key];
        if (!steps || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        move(variable, variable.get() + steps * variable.step);
      });
      sheet.append(grip);
      return { ...handle, element: grip, variable, slider };
    });
    const legend = element("ul", { class: "live-legend" }, ...spec.marks.filter((mark) => mark.label).map((mark) =>
      element("li", {}, element("span", { class: `live-${mark.kind}${mark.dashed ? " live-dashed" : ""}`,
        style: `--c:${mark.color}` }), mark.label)));
    const whole = element("div", { class: `live-panel${spec.wide ? " live-wide" : ""}` }, sheet, legend);

    let width = 0, height = 0, left = 0, plot;
    const [x0, x1] = spec.x, [y0, y1] = spec.y;
    const X = (x) => (x - x0) / (x1 - x0) * (width - left - RIGHT);
    const Y = (y) => Math.max(-9999, Math.min(9999, (y1 - y) / (y1 - y0) * (height - TOP - BOTTOM)));
    const pair = (x, y) => `${X(x).toFixed(2)},${Y(y).toFixed(2)}`;
    const finite = (point) => point && Number.isFinite(point[0] + point[1]);
    const path = (points) => points.map((point, i) =>
      finite(point) ? (finite(points[i - 1]) ? "L" : "M") + pair(...point) : "").join("");
    const stroke = (mark, d) => tag("path", { d, class: "live-line", stroke: mark.color,
      "stroke-width": mark.kind === "segments" ? 1.5 : 2.2, ...(mark.dashed && { "stroke-dasharray": "6 4" }) });
    const fill = (mark, d) => tag("path", { d, fill: mark.color, "fill-opacity": mark.solid ? 1 : 0.22 });
    const box = (a, b, c, d) => `M${pair(a, b)}L${pair(c, b)}L${pair(c, d)}L${pair(a, d)}Z`;
    const DRAW = {
      curve: (mark, points) => (mark.filled ? fill(mark, `${path([...points, points[0]])}Z`) : "") + stroke(mark, path(points)),
      segments: (mark, all) => stroke(mark, all.map(([a, b, c, d]) => path([[a, b], [c, d]])).join("")),
      points: (mark, all) => all.filter(finite).map(([x, y]) =>
        tag("circle", { cx: X(x).toFixed(2), cy: Y(y).toFixed(2), r: 5, fill: mark.color, class: "live-dot" })).join(""),
      bars: (mark, all) => all.map(([x, low, high]) => {
        const words = { x: X(x).toFixed(2), y: (Y(high) - (high < low ? -14 : 5)).toFixed(2), "text-anchor": "middle" };
        return fill({ ...mark, solid: true }, box(x - mark.width / 2, low, x + mark.width / 2, high))
          + (mark.digits == null ? "" : tag("text", words, format(high - low, mark.digits)));
      }).join(""),
      // A square whose side is the segment from (x, low) to (x, high), towards the middle of the panel.
      squares: (mark, all) => all.map(([x, low, high]) => {
        const side = (high - low) * (height - TOP - BOTTOM) / (y1 - y0) / (width - left - RIGHT) * (x1 - x0);
        const d = box(x, low, x + (x > (x0 + x1) / 2 ? -1 : 1) * Math.abs(side), high);
        return fill(mark, d) + tag("path", { d, class: "live-line", stroke: mark.color, "stroke-width": 1 });
      }).join(""),
    };
    // Where a handle belongs on the sheet, and where it is seen: never outside the axes.
    const place = (grip) => { const [x, y] = grip.at(); return [left + X(x), TOP + Y(y)]; };
    const seen = (grip) => {
      const [x, y] = place(grip);
      return [Math.max(left, Math.min(width - RIGHT, x)), Math.max(TOP, Math.min(height - BOTTOM, y))];
    };
    const draw = () => {
      for (const { element, variable } of grips.filter((grip) => grip.slider)) {
        element.setAttribute("aria-valuenow", variable.get());
        element.setAttribute("aria-valuetext", variable.text());
      }
      if (!plot) return;
      plot.innerHTML = spec.marks.map((mark) => {
        if (mark.still && mark.text) return mark.text; // nothing in it moves
        const [low, high, count] = mark.over, points = [];
        for (let i = 0; i < count; i++) points.push(mark.at(count > 1 ? low + i * (high - low) / (count - 1) : low));
        return mark.text = DRAW[mark.kind](mark, points);
      }).join("");
      for (const grip of grips) {
        const [x, y] = seen(grip);
        grip.element.hidden = !finite([x, y]);
        grip.element.style.left = `${x / width * 100}%`;
        grip.element.style.top = `${y / height * 100}%`;
      }
    };
    const resize = () => {
      if (!sheet.clientWidth || sheet.clientWidth === width) return;
      width = sheet.clientWidth;
      height = tall();
      const rows = ticks(y0, y1, height / 50);
      left = 15 + 7.2 * Math.max(...rows.map(([, text]) => text.length));
      const [w, h] = [width - left - RIGHT, height - TOP - BOTTOM];
      const columns = spec.ticks ?? ticks(x0, x1, Math.max(2, w / 80));
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`); svg.style.height = "";
      svg.innerHTML = tag("g", { transform: `translate(${left},${TOP})` },
        rows.map(([at, text]) => tag("path", { class: "live-grid", d: `M0,${Y(at)}H${w}` })
          + tag("text", { x: -6, y: Y(at) + 4, "text-anchor": "end" }, text)).join("")
        + columns.map(([at, text]) => (spec.ticks ? "" : tag("path", { class: "live-grid", d: `M${X(at)},0V${h}` }))
          + tag("text", { x: X(at), y: h + 17, "text-anchor": "middle" }, escape(text))).join("")
        + tag("svg", { width: w, height: h, class: "live-plot" }) + tag("path", { class: "live-axis", d: `M0,0V${h}H${w}` })
        + tag("text", { x: w, y: h + 34, "text-anchor": "end", class: "live-name" }, escape(spec.xName)))
        + tag("text", { x: 2, y: 13, class: "live-name" }, escape(spec.yName));
      plot = svg.querySelector(".live-plot");
      for (const mark of spec.marks) mark.text = "";
      draw();
    };

    // Dragging: the value that brings the handle nearest to the pointer.  Of grips that overlap the nearest is taken.
    let held = null;
    const pointer = (event) => {
      const frame = sheet.getBoundingClientRect(), scale = width / frame.width;
      return [(event.clientX - frame.left) * scale, (event.clientY - frame.top) * scale];
    };
    const away = ([x, y], [a, b]) => Math.hypot(x - a, y - b);
    sheet.addEventListener("pointerdown", (event) => {
      if (event.button || held) return;
      const at = pointer(event);
      const [near, grip] = grips.map((one) => [away(seen(one), at), one]).sort((one, other) => one[0] - other[0])[0] ?? [];
      if (!(near <= NEAR) || (event.pointerType === "touch" && event.target === svg)) return;
      event.preventDefault();
      (grip.slider ? grip.element : grip.variable.input).focus({ preventScroll: true });
      const [x, y] = seen(grip);
      held = { grip, id: event.pointerId, shift: [x - at[0], y - at[1]] };
      sheet.setPointerCapture(event.pointerId);
      grip.element.classList.add("live-held");
    });
    sheet.addEventListener("pointermove", (event) => {
      if (event.pointerId !== held?.id) return;
      const at = pointer(event).map((value, i) => value + held.shift[i]), { grip } = held, { variable } = grip;
      move(variable, search((value) => { variable.set(value); return away(place(grip), at); }, variable.low, variable.high));
    });
    for (const name of ["pointerup", "pointercancel"]) sheet.addEventListener(name, (event) => {
      if (event.pointerId !== held?.id) return;
      held.grip.element.classList.remove("live-held");
      held = null;
    });
    return { whole, draw, resize };
  };

  // --- A figure: controls, panels, read-outs
  const start = (root, spec) => {
    let told, panels = [];
    const values = spec.readOuts.map(() => element("span", { class: "live-value" }));
    const live = element("p", { class: "live-told", "aria-live": "polite" });
    const update = () => {
      for (const variable of spec.variables) variable.show?.();
      for (const panel of panels) panel.draw();
      spec.readOuts.forEach((one, i) => { values[i].textContent = format(one.at(), one.digits, one.unit, one.none); });
    };
    const move = (variable, value) => {
      const { low, high, step, digits } = variable;
      const steps = Math.round((Math.max(low, Math.min(high, value)) - low) / step);
      variable.set(Number(Math.min(high, low + steps * step).toFixed(digits)));
      update();
      clearTimeout(told);
      told = setTimeout(() => {
        live.textContent = spec.readOuts.map((one, i) => `${one.name} ${values[i].textContent}`).join("; ");
      }, 700);
    };
    const controls = spec.variables.map((variable) => {
      variable.text = () => format(variable.get(), variable.digits, variable.unit);
      if (!variable.slider) return "";
      const { low, high, step } = variable, shown = element("span", { class: "live-value" });
      variable.input = element("input", { type: "range", min: low, max: high, step });
      variable.input.addEventListener("input", () => move(variable, variable.input.valueAsNumber));
      variable.show = () => {
        variable.input.value = variable.get();
        variable.input.setAttribute("aria-valuetext", variable.text());
        shown.textContent = variable.text();
      };
      return element("label", {}, element("span", {}, variable.name), variable.input, shown);
    });
    panels = spec.panels.map((panel) => panelOf(panel, spec.variables, move));
    const again = element("button", { type: "button" }, "Start again");
    again.addEventListener("click", () => {
      for (const variable of spec.variables) variable.set(variable.start);
      move(spec.variables[0], spec.variables[0].start);
    });
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", `Live figure: ${spec.title}`);
    root.replaceChildren(
      element("p", {}, element("strong", {}, `${spec.title}. `), element("span", { class: "live-do" }, spec.task)),
      element("div", { class: "live-controls" }, ...controls),
      element("div", { class: "live-values" }, element("dl", {}, ...spec.readOuts.map((one, i) =>
        element("div", {}, element("dt", {}, one.name), element("dd", {}, values[i])))), again),
      element("div", { class: "live-panels", style: `--columns:${spec.columns}` }, ...panels.map((one) => one.whole)), live);
    update();
    const resize = () => panels.forEach((panel) => panel.resize()); // when there is a width: a page is laid out in parts
    new ResizeObserver(resize).observe(root); addEventListener("beforeprint", resize);
  };

  const tools = { total, product, minimiser };
  return Object.assign((key, make) => document.querySelectorAll(`.live-figure[data-live="${key}"]:not([role])`)
    .forEach((root) => start(root, make(tools))), { tools });
})();

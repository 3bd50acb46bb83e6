// One spectrum: its axes and shades, its points, its two thresholds, its bar of energy.

// Elements of a panel. `layout()` follows size and axes, `paint(factors)` what is dragged.
function createPanel(sent, settings) {
  const panel = readyPanel(sent);
  const { name, size, overlay } = panel;
  const element = madeOf("section", "panel", [
    madeOf("header", "", [
      madeOf("b", `name ${name}`, panel.title),
      madeOf("span", "size", size),
      ...(overlay ? [madeOf("span", "legend", overlay.name)] : []),
    ]),
    madeOf("div", "plot", [
      drawn("svg", { class: "under", "aria-hidden": true }),
      madeOf("canvas", ""),
      drawn("svg", { class: "over" }),
      madeOf("div", "tip", ""),
    ]),
  ]);
  const plot = element.querySelector(".plot"), canvas = element.querySelector("canvas");
  const [under, over] = element.querySelectorAll("svg");
  const { bar, tell } = bandBar(document);
  element.append(bar);
  if (overlay) element.querySelector(".legend").style.setProperty("--of", overlay.colour);
  const shades = BANDS.map((band) => drawn("rect", { class: `shade ${band}` }));
  const labels = BANDS.map((band) => drawn("text", { class: `band ${band}`, "text-anchor": "middle" }));
  const axes = drawn("g", { class: "axes" });
  under.append(...shades, axes, ...labels);
  for (const label of labels) label.textContent = label.classList[1];
  const lines = createLines(panel, "vertical");
  over.append(...lines.map((line) => line.group));
  const context = canvas.getContext("2d");
  const self = { panel, element, plot, over, lines, scales: null, bands: null, layout, paint, draw };
  self.along = (event) => event.clientY - plot.getBoundingClientRect().top;
  self.lineAt = (line, factors) => self.scales.y(thresholdsOf(panel, factors)[line]);
  self.factorAt = (line, factors, y) => factorAt(panel, factors, line, self.scales.value(y));
  self.factorBy = (line, factors, key) => KEYS[key] && bounded(rounded(factors[line] * KEYS[key]));
  return self;

  function layout() {
    const { range } = settings, { clientWidth: width, clientHeight: height } = plot;
    self.scales = scalesOf(panel.values.length, range, { width, height, ...settings });
    for (const svg of [under, over]) svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    sized(canvas, context, width, height);
    axes.replaceChildren(...axesOf(panel, self.scales, range, settings));
  }

  function paint(factors) {
    const { scales } = self;
    const bands = (self.bands = bandsOf(panel, factors));
    context.clearRect(0, 0, scales.width, scales.height);
    draw(canvasPen(context));
    if (panel.own) placeShades(shades, labels, bands, scales);
    const values = panel.own && thresholdsOf(panel, factors);
    placeLines(lines, { panel, values, factors, bands, scales });
    tell(bands);
  }

  function draw(pen) {
    paintOverlay(pen, panel, self.scales);
    paintPoints(pen, panel, self.scales, self.bands, settings.colours);
  }
}

function axesOf(panel, scales, range, settings) {
  const parts = [];
  for (const [value, words] of valueTicks(range, settings.yscale)) {
    const y = scales.y(value);
    parts.push(drawn("line", { x1: scales.left, x2: scales.right, y1: y, y2: y }));
    parts.push(written(words, { x: scales.left - 7, y: y + 4, "text-anchor": "end" }));
  }
  const ticks = rankTicks(panel.values.length, { ...settings, width: scales.right - scales.left });
  for (const [rank, words] of ticks) {
    parts.push(written(words, { x: scales.x(rank), y: scales.foot + 16, "text-anchor": "middle" }));
  }
  const what = settings.unit === "share" ? "direction, share of all" : "direction, by size";
  parts.push(written(what, { x: scales.right, y: scales.foot + 32, "text-anchor": "end" }));
  const middle = (scales.top + scales.foot) / 2;
  parts.push(written(settings.what, { "text-anchor": "middle", transform: `translate(11 ${middle}) rotate(-90)` }));
  return parts;
}

function placeShades(shades, labels, bands, scales) {
  BANDS.forEach((band, i) => {
    const { start, end, count } = bands[band];
    const left = start ? scales.x(start + 0.5) : scales.left;
    const right = i === 2 ? scales.right : Math.max(scales.x(end + 0.5), left);
    const width = count ? Math.max(right - left, 0) : 0;
    given(shades[i], { x: left, y: scales.top, width, height: scales.foot - scales.top });
    given(labels[i], { x: left + width / 2, y: scales.foot - 8, visibility: width > 56 ? "visible" : "hidden" });
  });
}

function placeLines(lines, { panel, values, factors, bands, scales }) {
  const heights = lines.map(({ name }) => scales.y(values[name]));
  const close = lines.length === 2 && Math.abs(heights[0] - heights[1]) < 20;
  lines.forEach((line, i) => {
    const { name, hit, seen, knob, words } = line;
    const y = heights[i];
    for (const one of [hit, seen]) given(one, { x1: scales.left, x2: scales.right, y1: y, y2: y });
    given(knob, { cx: scales.right - 8, cy: y });
    const beneath = (close && name === "noise") || y - scales.top < 16;
    given(words, { x: scales.right - 22, y: beneath ? y + 16 : y - 6 });
    tellLine(line, { panel, values, factors, bands });
  });
}

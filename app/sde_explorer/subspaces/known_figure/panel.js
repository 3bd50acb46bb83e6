// The figure: its rows on a canvas, axes and words in SVG, two thresholds as borders between directions.

const FADED = 0.35; // a bar that says no more than chance
const INK_ON = { strong: "#10151b", weak: "#10151b", noise: "#ffffff" };
const LEAST_WORDS = 0.16; // a part that holds its percentage

function createKnown(data) {
  const panel = readyPanel(data.panel), rows = data.rows.map(readyRow), { colours, law } = data;
  const element = madeOf("section", "panel", [
    madeOf("header", "", [
      madeOf("span", "size", "share of variance between the values, less chance"),
      madeOf("span", "legend", "95 of 100 shuffles stay below"),
    ]),
    madeOf("div", "plot known", [
      drawn("svg", { class: "under", "aria-hidden": true }),
      madeOf("canvas", ""),
      drawn("svg", { class: "over" }),
      madeOf("div", "tip", ""),
    ]),
  ]);
  const plot = element.querySelector(".plot"), canvas = element.querySelector("canvas");
  plot.style.setProperty("--rows", rows.length);
  element.querySelector(".legend").style.setProperty("--of", law);
  const [under, over] = element.querySelectorAll("svg");
  const { bar, tell } = bandBar(document);
  element.append(bar);
  const axes = drawn("g", { class: "axes" });
  under.append(axes);
  const parts = rows.map(() => BANDS.map((band) => drawn("text", { class: "part", "text-anchor": "middle", style: `fill:${INK_ON[band]}` })));
  over.append(...parts.flat());
  const lines = createLines(panel, "horizontal");
  over.append(...lines.map((line) => line.group));
  const context = canvas.getContext("2d");
  const self = { panel, rows, element, plot, over, lines, scales: null, bands: null, shares: [], layout, paint, draw };
  self.along = (event) => event.clientX - plot.getBoundingClientRect().left;
  self.lineAt = (line, factors) => self.scales.x(borders(bandsOf(panel, factors))[line]);
  self.factorAt = (line, factors, x) => factorAfter(panel, factors, line, self.scales.after(x));
  self.factorBy = (line, factors, key) =>
    STEPS[key] && factorAfter(panel, factors, line, borders(bandsOf(panel, factors))[line] + STEPS[key]);
  return self;

  function layout() {
    const { clientWidth: width, clientHeight: height } = plot;
    self.scales = rowsIn(rows, panel.values.length, { width, height });
    for (const svg of [under, over]) svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    sized(canvas, context, width, height);
    axes.replaceChildren(...knownAxes(rows, panel.values.length, self.scales));
  }

  function paint(factors) {
    const { scales } = self;
    self.bands = bandsOf(panel, factors);
    self.shares = rows.map((row) => sharesOf(row, panel, self.bands));
    context.clearRect(0, 0, scales.width, scales.height);
    draw(canvasPen(context));
    placeParts(parts, self);
    if (lines.length) placeBorders(lines, self, factors);
    tell(self.bands);
  }

  function draw(pen) {
    rows.forEach((row, i) => {
      paintRow(pen, row, self, i, colours);
      paintChance(pen, row, self.scales, i, law);
      paintParts(pen, self, i, colours);
    });
  }
}

function borders(bands) {
  return { strong: bands.strong.end, noise: bands.noise.start };
}

function paintRow(pen, row, { panel, scales, bands }, i, colours) {
  const { y, foot } = scales.places[i];
  const width = Math.max(scales.step * (scales.step > 3 ? 0.86 : 1), 1);
  const paths = Object.fromEntries(BANDS.map((band) => [band, { 0: pen.path(), 1: pen.path() }]));
  for (let j = 0; j < row.known.length; j++) {
    const top = y(row.known[j]);
    if (top < foot) paths[bandAt(panel, bands, j + 1)][row.sure[j]].rect(scales.x(j + 0.5) - width / 2, top, width, foot - top);
  }
  for (const band of BANDS) {
    pen.fill(paths[band][1], colours[band]);
    pen.fill(paths[band][0], colours[band], FADED);
  }
}

function paintChance(pen, row, scales, i, law) {
  const path = pen.path(), { y } = scales.places[i];
  for (let j = 0; j < row.chance.length; j++) {
    const at = y(row.chance[j]);
    if (j) path.lineTo(scales.x(j), at);
    else path.moveTo(scales.x(j), at);
    path.lineTo(scales.x(j + 1), at);
  }
  pen.stroke(path, law, 1.2);
}

// Where the column lives: one bar, as high as a third of the row.
function partBox({ top, foot }) {
  const high = Math.min(Math.max((foot - top) / 3, 16), 40);
  return { y: (top + foot - high) / 2, high };
}

function paintParts(pen, { scales, shares }, i, colours) {
  const { left, right } = scales.lives, { y, high } = partBox(scales.places[i]);
  let from = left;
  BANDS.forEach((band, b) => {
    const path = pen.path(), wide = (right - left) * shares[i][b];
    path.rect(from, y, Math.max(wide - 1, 0), high);
    pen.fill(path, colours[band]);
    from += wide;
  });
}

function placeParts(parts, { scales, shares }) {
  const { left, right } = scales.lives;
  shares.forEach((of, i) => {
    const { y, high } = partBox(scales.places[i]);
    let before = 0;
    of.forEach((share, b) => {
      given(parts[i][b], {
        x: left + (right - left) * (before + share / 2), y: y + high / 2 + 4,
        visibility: share >= LEAST_WORDS ? "visible" : "hidden",
      });
      parts[i][b].textContent = `${(100 * share).toFixed(0)}\u00a0%`;
      before += share;
    });
  });
}

function placeBorders(lines, { panel, scales, bands }, factors) {
  const values = thresholdsOf(panel, factors), ends = borders(bands);
  const foot = scales.places.at(-1).foot;
  const close = lines.length === 2 && Math.abs(scales.x(ends.noise) - scales.x(ends.strong)) < 190;
  for (const line of lines) {
    const x = scales.x(ends[line.name]);
    for (const one of [line.hit, line.seen]) given(one, { x1: x, x2: x, y1: 12, y2: foot });
    given(line.knob, { cx: x, cy: 12 });
    // Words stand right of their line; where both lines are near, the noise line's stand further right, or left.
    const isLeft = x > scales.right - 170 || (close && line.name === "strong" && x - scales.left > 170);
    given(line.words, { x: x + (isLeft ? -12 : 12), y: 16, "text-anchor": isLeft ? "end" : "start" });
    tellLine(line, { panel, values, factors, bands });
    line.words.style.visibility = close && !isLeft && line.name === "strong" ? "hidden" : "";
  }
}

function knownAxes(rows, count, scales) {
  const parts = [written("where it lives", { class: "head", x: scales.lives.left, y: 16 })];
  rows.forEach((row, i) => {
    const { top, foot, most, y } = scales.places[i];
    for (const share of steps(most, Math.min(Math.max(Math.floor((foot - top) / 34), 1), 5))) {
      const at = y(share);
      parts.push(drawn("line", { x1: scales.left, x2: scales.right, y1: at, y2: at }));
      parts.push(written(`${Number((100 * share).toPrecision(3))}\u00a0%`, { x: scales.left - 7, y: at + 4, "text-anchor": "end" }));
    }
    const name = drawn("text", { class: "column", x: scales.right, y: top + (i ? -6 : 12), "text-anchor": "end" });
    const strong = drawn("tspan", { "font-weight": 650 });
    strong.textContent = row.name;
    name.append(strong, ` · ${row.told}`);
    parts.push(name);
  });
  const foot = scales.places.at(-1).foot;
  for (const [rank, words] of rankTicks(count, { unit: "rank", xscale: "linear", width: scales.right - scales.left })) {
    parts.push(written(words, { x: scales.x(rank - 0.5), y: foot + 16, "text-anchor": "middle" }));
  }
  parts.push(written("direction, by size", { x: scales.right, y: foot + 32, "text-anchor": "end" }));
  return parts;
}

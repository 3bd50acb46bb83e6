// What is drawn of a panel: points in the shape and colour of their band, and the band around them. On a canvas while
// one looks, as paths where the figure is saved.

const SHAPE = { strong: dot, weak: diamond, noise: dot };
const MANY = 1000; // directions from which on points are drawn small and square

// Draws by `fill(path, colour)` and `stroke(path, colour, width)` of a pen, into paths that the pen makes.
function paintPoints(pen, panel, scales, bands, colours) {
  const many = panel.values.length > MANY;
  const radius = many ? 1.5 : 3;
  for (const band of BANDS) {
    const path = pen.path();
    const shape = many ? square : SHAPE[band];
    for (const i of places(panel, bands, band)) {
      const x = scales.x(i + 1), y = scales.y(panel.values[i]);
      if (scales.isBelow(panel.values[i])) below(path, x, y, radius);
      else shape(path, x, y, radius);
    }
    if (band === "noise" && !many) pen.stroke(path, colours[band], 1.1);
    else pen.fill(path, colours[band]);
  }
}

function paintOverlay(pen, panel, scales) {
  const { overlay } = panel;
  if (!overlay || !overlay.low.length) return;
  const count = Math.min(overlay.low.length, panel.values.length);
  const area = pen.path(), edges = pen.path();
  for (const [edge, step] of [["high", 1], ["low", -1]]) {
    for (let k = 0; k < count; k++) {
      const i = step > 0 ? k : count - 1 - k;
      const x = scales.x(i + 1), y = scales.y(overlay[edge][i]);
      if (step > 0 && !k) area.moveTo(x, y);
      else area.lineTo(x, y);
      if (k) edges.lineTo(x, y);
      else edges.moveTo(x, y);
    }
  }
  area.closePath();
  pen.fill(area, overlay.colour, 0.2);
  pen.stroke(edges, overlay.colour, 1);
}

function* places(panel, bands, band) {
  if (panel.own) {
    for (let i = bands[band].start; i < bands[band].end; i++) yield i;
  } else {
    for (let i = 0; i < panel.labels.length; i++) if (BANDS[panel.labels[i]] === band) yield i;
  }
}

function dot(path, x, y, radius) {
  path.moveTo(x + radius, y);
  path.arc(x, y, radius, 0, 2 * Math.PI);
}

function square(path, x, y, radius) {
  path.rect(x - radius, y - radius, 2 * radius, 2 * radius);
}

function diamond(path, x, y, radius) {
  const far = 1.3 * radius;
  path.moveTo(x, y - far);
  path.lineTo(x + far, y);
  path.lineTo(x, y + far);
  path.lineTo(x - far, y);
  path.closePath();
}

// A value below the axis: a mark at its foot that points down.
function below(path, x, y, radius) {
  path.moveTo(x - radius, y - 5);
  path.lineTo(x + radius, y - 5);
  path.lineTo(x, y);
  path.closePath();
}

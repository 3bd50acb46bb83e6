// Where ranks and values lie in a panel, and which of them the axes name.

const PAD = { left: 50, right: 14, top: 8, bottom: 36 };
// Of the largest value, a millionth of its energy: a logarithmic axis goes no deeper, unless the noise threshold does.
const DEEPEST = 1e-3;

// The ends of the vertical axis: the same for all panels, so that their heights compare.
function valueRange(panels, scale) {
  let top = 0, low = Infinity, noise = Infinity;
  for (const { values, overlay, own } of panels) {
    const largest = [values[0], overlay?.high[0], own?.strong].filter((value) => value > 0);
    top = Math.max(top, ...largest);
    if (own?.noise > 0) noise = Math.min(noise, own.noise);
    for (let i = values.length - 1; i >= 0; i--) {
      if (values[i] > 0) {
        low = Math.min(low, values[i]);
        break;
      }
    }
  }
  if (!(top > 0)) return { low: scale === "log" ? 0.1 : 0, top: 1 };
  if (scale === "linear") return { low: 0, top: top * 1.06 };
  return { low: Math.max(low, Math.min(top * DEEPEST, noise / 4)) / 1.35, top: top * 1.35 };
}

// Horizontal and vertical places of a panel of a size in pixels.
function scalesOf(count, range, { width, height, xscale, yscale }) {
  const wide = Math.max(width - PAD.left - PAD.right, 1), high = Math.max(height - PAD.top - PAD.bottom, 1);
  const foot = PAD.top + high;
  const [across, rankAt] = rankScale(Math.max(count, 1), xscale);
  const [up, valueAt] = valueScale(range, yscale);
  return {
    width, height, foot,
    left: PAD.left, right: PAD.left + wide, top: PAD.top,
    x: (rank) => PAD.left + wide * across(rank),
    y: (value) => foot - high * Math.min(Math.max(up(value), 0), 1),
    isBelow: (value) => up(value) < 0,
    rank: (x) => rankAt((x - PAD.left) / wide),
    value: (y) => valueAt((foot - y) / high),
  };
}

function rankScale(count, scale) {
  if (scale !== "log") return [(rank) => (rank - 0.5) / count, (share) => share * count + 0.5];
  const low = Math.log(0.9), span = Math.log(count * 1.02 + 0.02) - low;
  return [(rank) => Math.max(Math.log(rank) - low, 0) / span, (share) => Math.exp(low + share * span)];
}

function valueScale({ low, top }, scale) {
  if (scale !== "log") return [(value) => value / top, (share) => share * top];
  const span = Math.log(top / low);
  return [(value) => (value > 0 ? Math.log(value / low) / span : -1), (share) => low * Math.exp(share * span)];
}

// Ranks that the horizontal axis names, with their words.
function rankTicks(count, { unit, xscale, width }) {
  const most = Math.max(Math.floor(width / 56), 2);
  if (unit === "share") {
    const shares = xscale === "log" ? decades(1 / count, 1) : steps(1, most);
    return shares.map((share) => [share * count, `${Number((share * 100).toPrecision(3))}\u00a0%`]);
  }
  const ranks = xscale === "log" ? decades(1, count) : steps(count, most).filter((rank) => Number.isInteger(rank));
  return ranks.filter((rank) => rank > 0).map((rank) => [rank, rank.toLocaleString("en")]);
}

// Values that the vertical axis names, with their words.
function valueTicks({ low, top }, scale) {
  const values = scale === "log" ? logValues(low, top) : steps(top, 6);
  return values.map((value) => [value, String(Number(value.toPrecision(3)))]);
}

function logValues(low, top) {
  const whole = decades(low, top);
  if (whole.length > 1) return whole;
  const base = 10 ** Math.floor(Math.log10(low));
  const within = (factors) => factors.map((factor) => factor * base).filter((value) => value >= low && value <= top);
  const few = within([1, 2, 5, 10, 20, 50]);
  return few.length > 1 ? few : steps(top - low, 5, low);
}

function decades(low, high) {
  const found = [];
  for (let e = Math.ceil(Math.log10(low) - 1e-9); e <= Math.floor(Math.log10(high) + 1e-9); e++) found.push(10 ** e);
  return found;
}

// Round numbers from `start` on, over a length.
function steps(length, most, start = 0) {
  const rough = length / most, base = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * base).find((one) => one >= rough) ?? 10 * base;
  const first = Math.ceil(start / step - 1e-9), last = Math.floor((start + length) / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

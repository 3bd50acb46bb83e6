// Bands from the rule's thresholds and two factors: the rule of `Bands.moved` in sde_core, number for number.
// A panel has `values` from large to small, `cumulative` energies, `own` thresholds, and `labels` where the bands are
// not cut by size.

const BANDS = ["strong", "weak", "noise"];
const FACTOR = { low: 0.1, high: 10 };
const JUST_ABOVE = 1 + 1e-9; // by far less than two singular values differ: the direction itself falls below

// A strong threshold below the noise threshold is raised to it.
function thresholdsOf(panel, factors) {
  const noise = panel.own.noise * factors.noise;
  return { noise, strong: Math.max(panel.own.strong * factors.strong, noise) };
}

// How many values lie above a threshold, strictly.
function countAbove(values, threshold) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Count and share of the energy of each band, and where a band is one run of ranks, where it begins and ends.
function bandsOf(panel, factors) {
  return panel.own ? bandsBySize(panel, factors) : bandsByLabel(panel);
}

function bandsBySize(panel, factors) {
  const { noise, strong } = thresholdsOf(panel, factors);
  const ends = [countAbove(panel.values, strong), countAbove(panel.values, noise), panel.values.length];
  const held = ends.map((end) => (end ? panel.cumulative[end - 1] : 0));
  const total = held[2] || 1;
  return Object.fromEntries(
    BANDS.map((band, i) => {
      const start = i ? ends[i - 1] : 0, before = i ? held[i - 1] : 0;
      return [band, { start, end: ends[i], count: ends[i] - start, share: (held[i] - before) / total }];
    }),
  );
}

function bandsByLabel(panel) {
  const found = Object.fromEntries(BANDS.map((band) => [band, { count: 0, share: 0 }]));
  const total = panel.cumulative.at(-1) || 1;
  panel.labels.forEach((label, i) => {
    const band = found[BANDS[label]];
    band.count += 1;
    band.share += (panel.cumulative[i] - (i ? panel.cumulative[i - 1] : 0)) / total;
  });
  return found;
}

// The factor that puts a threshold at a value; the strong one stops at the noise threshold of its own panel.
function factorAt(panel, factors, name, value) {
  const lowest = name === "strong" ? panel.own.noise * factors.noise : 0;
  return bounded(value > lowest ? rounded(value / panel.own[name]) : lowest / panel.own[name]);
}

// Which threshold a click on a direction moves, and where to: the nearer one, and just above the direction.
function clickedAt(panel, factors, value) {
  const found = ["noise", "strong"]
    .map((name) => ({ name, factor: value / panel.own[name] }))
    .filter(({ factor }) => factor > 0 && Number.isFinite(factor))
    .map((one) => ({ ...one, far: Math.abs(Math.log(one.factor / factors[one.name])) }))
    .sort((one, other) => one.far - other.far)[0];
  return found ? { ...factors, [found.name]: bounded(found.factor * JUST_ABOVE) } : factors;
}

function bounded(factor) {
  return Math.min(Math.max(factor, FACTOR.low), FACTOR.high);
}

// Four digits: finer than a pixel, and short in a link.
function rounded(factor) {
  return Number(factor.toPrecision(4));
}

// A panel as it was sent, made ready to be asked.
function readyPanel(sent) {
  const values = decoded(sent.values);
  let sum = 0;
  const cumulative = values.map((value) => (sum += value * value));
  const overlay = sent.overlay && { ...sent.overlay, low: decoded(sent.overlay.low), high: decoded(sent.overlay.high) };
  return { ...sent, values, cumulative, overlay };
}

// Numbers of double precision, as base64 of their bytes.
function decoded(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float64Array(bytes.buffer);
}

// Rows of columns: where they lie, and which part of what is known of a column each band holds.

const ROWS = { top: 30, foot: 36, head: 22, gap: 12, left: 50, right: 14, lives: 0.2, least: 112, between: 30 };

// A row as it was sent, made ready to be asked.
function readyRow(sent) {
  return { ...sent, known: decoded(sent.known), chance: decoded(sent.chance), held: decoded(sent.held) };
}

// Which part of what is known of a column lies in each band: sums over its directions, none below 0.
function sharesOf(row, panel, bands) {
  const sums = BANDS.map((band, i) => {
    let sum = 0;
    if (panel.own) for (let j = bands[band].start; j < bands[band].end; j++) sum += row.held[j];
    else panel.labels.forEach((label, j) => (sum += label === i ? row.held[j] : 0));
    return Math.max(sum, 0);
  });
  const total = sums.reduce((all, one) => all + one, 0);
  return sums.map((sum) => (total > 0 ? sum / total : 0));
}

// The band of a direction, from 1.
function bandAt(panel, bands, rank) {
  return BANDS.find((band, i) => (panel.own ? rank <= bands[band].end : panel.labels[rank - 1] === i));
}

// The factor that leaves `count` directions above a threshold: between two singular values, as short as it can be told.
function factorAfter(panel, factors, name, count) {
  const { values, own } = panel, r = values.length;
  const at = Math.min(Math.max(count, 0), r);
  const value = at === 0 ? values[0] : at === r ? 0.99 * values[r - 1] : Math.sqrt(values[at - 1] * values[at]);
  const lowest = name === "strong" ? (own.noise * factors.noise) / own.strong : 0;
  const factor = bounded(Math.max(value / own[name], lowest));
  for (let digits = 4; digits < 15; digits++) {
    const short = Number(factor.toPrecision(digits));
    if (countAbove(values, own[name] * short) === countAbove(values, own[name] * factor)) return short;
  }
  return factor;
}

// Places of rows and directions in a figure of a size in pixels.
function rowsIn(rows, count, { width, height }) {
  const lives = Math.max(ROWS.least, ROWS.lives * width);
  const left = ROWS.left, right = Math.max(width - lives - ROWS.between - ROWS.right, left + 40);
  const tall = (height - ROWS.top - ROWS.foot - ROWS.gap * (rows.length - 1)) / rows.length;
  const step = (right - left) / Math.max(count, 1);
  const places = rows.map((row, i) => {
    const top = ROWS.top + i * (tall + ROWS.gap) + (i ? ROWS.head : 4), foot = ROWS.top + i * (tall + ROWS.gap) + tall;
    const most = 1.06 * row.known.reduce((one, other, j) => Math.max(one, other, row.chance[j]), 1e-6);
    return { top, foot, most, y: (share) => foot - (foot - top) * Math.min(Math.max(share, 0) / most, 1) };
  });
  return {
    width, height, left, right, step, places,
    lives: { left: right + ROWS.between, right: width - ROWS.right },
    x: (after) => left + step * after, // the border behind so many directions
    after: (x) => Math.round((x - left) / step),
    rank: (x) => (x < left || x > right ? 0 : Math.min(Math.max(Math.ceil((x - left) / step), 1), count)),
  };
}

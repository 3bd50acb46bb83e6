// What a hand does to a spectrum: takes a threshold, clicks a direction, rests on one.

const KEYS = { ArrowUp: 1.02, ArrowRight: 1.02, ArrowDown: 1 / 1.02, ArrowLeft: 1 / 1.02, PageUp: 1.25, PageDown: 0.8 };
const NEAR = 14; // pixels from a point that still mean it

function listen(one, desk) {
  takeLines(one, desk);
  restAndClick(one, desk);
}

function restAndClick(one, desk) {
  const { plot, panel } = one;
  const tip = plot.querySelector(".tip");
  tip.hidden = true;
  plot.addEventListener("pointermove", (event) => {
    const rank = desk.taken ? 0 : rankAt(event, one);
    tip.hidden = !rank;
    one.over.classList.toggle("near", Boolean(rank) && isNear(event, one, rank) && Boolean(panel.own));
    if (rank) tellDirection(tip, one, rank);
  });
  plot.addEventListener("pointerdown", () => (one.moved = false));
  plot.addEventListener("pointerleave", () => (tip.hidden = true));
  plot.addEventListener("click", (event) => {
    const rank = rankAt(event, one);
    if (!panel.own || !rank || one.moved || !isNear(event, one, rank)) return;
    desk.moveAndTell(clickedAt(panel, desk.factors, panel.values[rank - 1]));
  });
}

function tellDirection(tip, { panel, scales, bands }, rank) {
  const value = panel.values[rank - 1], total = panel.cumulative.at(-1) || 1;
  const band = BANDS.find((one, i) => (panel.own ? rank <= bands[one].end : panel.labels[rank - 1] === i));
  const share = (energy) => `${Number((100 * energy / total).toPrecision(3))}\u00a0%`;
  const name = panel.names?.[rank - 1];
  tip.replaceChildren(
    madeOf("b", "", `direction ${rank.toLocaleString("en")}, ${band}`),
    madeOf("span", "", `singular value ${Number(value.toPrecision(4))}, ${share(value * value)} of the energy`),
    madeOf("span", "", `${share(panel.cumulative[rank - 1])} up to here`),
    ...(name ? [madeOf("span", "name", name)] : []),
  );
  placeTip(tip, scales.x(rank), scales.y(value), scales.width);
}

function rankAt(event, { plot, panel, scales }) {
  const x = event.clientX - plot.getBoundingClientRect().left;
  if (x < scales.left - 4 || x > scales.right + 4 || !panel.values.length) return 0;
  return Math.min(Math.max(Math.round(scales.rank(x)), 1), panel.values.length);
}

function isNear(event, one, rank) {
  const box = one.plot.getBoundingClientRect();
  const x = event.clientX - box.left - one.scales.x(rank), y = event.clientY - box.top - one.scales.y(one.panel.values[rank - 1]);
  return Math.hypot(x, y) <= NEAR;
}

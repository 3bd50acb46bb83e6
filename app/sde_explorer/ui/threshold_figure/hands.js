// What a hand does to a panel: takes a threshold by pointer or by keys, clicks a direction, rests on one.

const KEYS = { ArrowUp: 1.02, ArrowRight: 1.02, ArrowDown: 1 / 1.02, ArrowLeft: 1 / 1.02, PageUp: 1.25, PageDown: 0.8 };
const ENDS = { Home: FACTOR.low, End: FACTOR.high };
const TYPED_MS = 300; // after the last key the server hears of it
const UNDECIDED = "either";
const NEAR = 14; // pixels from a point that still mean it

// `desk` holds the factors: `move(factors)` redraws, `release()` tells the server, `drop()` takes a drag back.
function listen(one, desk) {
  for (const line of one.lines) {
    takeByPointer(one, line, desk);
    takeByKeys(one, line, desk);
  }
  restAndClick(one, desk);
}

function takeByPointer(one, line, desk) {
  const { group } = line;
  let from = 0, offset = 0;
  group.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    event.stopPropagation();
    group.focus({ preventScroll: true });
    group.setPointerCapture(event.pointerId);
    one.moved = false;
    from = heightOf(event, one);
    offset = lineHeight(one, line.name, desk) - from; // the line does not jump to where it was taken
    desk.take(lieTogether(one, desk) ? UNDECIDED : line.name, one);
  });
  group.addEventListener("pointermove", (event) => {
    if (!desk.taken || desk.by !== one) return;
    const at = heightOf(event, one);
    if (!one.moved && Math.abs(at - from) < 3) return; // a press that trembles is a click
    one.moved = true;
    if (desk.taken === UNDECIDED) desk.taken = at < from ? "strong" : "noise";
    const value = one.scales.value(at + offset);
    desk.move({ ...desk.factors, [desk.taken]: factorAt(one.panel, desk.factors, desk.taken, value) });
  });
  for (const end of ["pointerup", "lostpointercapture"]) group.addEventListener(end, () => desk.release());
  group.addEventListener("pointercancel", () => desk.drop());
  group.addEventListener("dblclick", () => desk.moveAndTell({ ...desk.factors, [line.name]: 1 }));
}

function lineHeight(one, name, desk) {
  return one.scales.y(thresholdsOf(one.panel, desk.factors)[name]);
}

// Where both thresholds lie on each other, up takes the strong one and down the noise one.
function lieTogether(one, desk) {
  if (one.lines.length < 2) return false;
  return Math.abs(lineHeight(one, "strong", desk) - lineHeight(one, "noise", desk)) < 8;
}

function takeByKeys(one, line, desk) {
  const { group, name } = line;
  group.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && desk.taken) return desk.drop();
    const now = desk.factors[name];
    const factor = ENDS[event.key] ?? (KEYS[event.key] && bounded(rounded(now * KEYS[event.key])));
    if (!factor) return;
    event.preventDefault();
    event.stopPropagation(); // arrow keys lead through a presentation elsewhere
    desk.moveAndTell({ ...desk.factors, [name]: factor }, TYPED_MS);
  });
  group.addEventListener("blur", () => desk.tell());
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
  const width = Math.min(scales.width, 232), x = scales.x(rank);
  tip.style.left = `${Math.max(Math.min(x + 10, scales.width - width), 0)}px`;
  tip.style.top = `${Math.max(scales.y(value) - tip.offsetHeight - 10, 0)}px`;
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

function heightOf(event, one) {
  return event.clientY - one.plot.getBoundingClientRect().top;
}

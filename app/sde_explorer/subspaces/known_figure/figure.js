// What bands know, on its page: thresholds that are dragged, a card where the pointer rests, a bar that is pressed.

const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10 };

export default function (component) {
  return begin(component, { panels: (data) => [createKnown(data)], listen: listenKnown });
}

function listenKnown(one, desk) {
  takeLines(one, desk);
  const { plot } = one, tip = plot.querySelector(".tip");
  tip.hidden = true;
  plot.addEventListener("pointermove", (event) => {
    const at = desk.taken ? null : barAt(event, one);
    const part = desk.taken || at ? null : partAt(event, one);
    tip.hidden = !at && part === null;
    one.over.classList.toggle("near", Boolean(at));
    if (at) tellBar(tip, one, at);
    else if (part !== null) tellParts(tip, one, part, desk);
  });
  plot.addEventListener("pointerdown", () => (one.moved = false));
  plot.addEventListener("pointerleave", () => (tip.hidden = true));
  plot.addEventListener("click", (event) => {
    const at = barAt(event, one);
    if (!at || one.moved) return;
    desk.trigger("opened", at.rank);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    document.querySelector("[data-testid=stTabs]")?.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  });
}

// The direction whose column of the row the pointer is in.
function barAt(event, { plot, scales }) {
  const box = plot.getBoundingClientRect(), y = event.clientY - box.top;
  const row = scales.places.findIndex(({ top, foot }) => y >= top && y <= foot + 4);
  const rank = row < 0 ? 0 : scales.rank(event.clientX - box.left);
  return rank ? { row, rank } : null;
}

function partAt(event, { plot, scales }) {
  const box = plot.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  const row = scales.places.findIndex((place) => y >= partBox(place).y && y <= partBox(place).y + partBox(place).high);
  return row >= 0 && x >= scales.lives.left && x <= scales.lives.right ? row : null;
}

function tellBar(tip, { panel, rows, scales, bands }, { row, rank }) {
  const { name, known, sure } = rows[row], called = panel.names?.[rank - 1];
  const share = Number((100 * Math.max(known[rank - 1], 0)).toPrecision(3));
  tip.replaceChildren(
    madeOf("b", "", `direction ${rank.toLocaleString("en")}, ${bandAt(panel, bands, rank)}`),
    madeOf("span", "", `${share}\u00a0% of its variance lies between the values of ${name}`),
    ...(sure[rank - 1] === "1" ? [] : [madeOf("span", "", "no more than chance")]),
    ...(called ? [madeOf("span", "name", called)] : []),
  );
  placeTip(tip, scales.x(rank), scales.places[row].y(known[rank - 1]), scales.width);
}

// Intervals are of the thresholds that the server knows.
function tellParts(tip, { rows, scales, shares }, row, desk) {
  const known = JSON.stringify(desk.told?.factors) === JSON.stringify(desk.factors);
  const ends = known ? desk.told.intervals[row] : [];
  const say = (share) => (100 * share).toFixed(1);
  tip.replaceChildren(
    madeOf("b", "", `of what is known of ${rows[row].name}`),
    ...BANDS.map((band, b) => {
      const between = ends?.[b] ? ` [${say(ends[b][0])}, ${say(ends[b][1])}]` : "";
      return madeOf("span", "", `${band} ${say(shares[row][b])}\u00a0%${between}`);
    }),
  );
  placeTip(tip, scales.lives.left, partBox(scales.places[row]).y, scales.width);
}

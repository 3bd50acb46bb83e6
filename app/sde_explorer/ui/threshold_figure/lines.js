// A threshold as a line on a figure: taken by pointer and by keys, and what it says of itself.
// A part of a figure says where its lines lie: `along(event)` is a pointer's place in pixels on the axis that they are
// moved on, `lineAt(name, factors)` a line's, `factorAt(name, factors, place)` the factor that puts it there, and
// `factorBy(name, factors, key)` what a key makes of it.

const WORDS = { strong: ["strong", ">"], noise: ["noise", "≤"] };
const ENDS = { Home: FACTOR.low, End: FACTOR.high };
const TYPED_MS = 300; // after the last key the server hears of it
const UNDECIDED = "either";

// Lines of a panel whose bands are cut by size.
function createLines(panel, orientation) {
  if (!panel.own) return [];
  return ["strong", "noise"].filter((line) => panel.own[line] > 0).map((line) => createLine(panel, line, orientation));
}

// A threshold: a line to take with the pointer, a slider for the keyboard.
function createLine(panel, name, orientation) {
  const group = drawn("g", {
    class: `line ${name}`,
    tabindex: 0,
    role: "slider",
    "aria-orientation": orientation,
    "aria-label": `${name} threshold, ${panel.title}`,
    "aria-valuemin": FACTOR.low,
    "aria-valuemax": FACTOR.high,
  });
  const parts = { hit: drawn("line", { class: "hit" }), seen: drawn("line", { class: "seen" }) };
  const knob = drawn("circle", { class: "knob", r: 7 }), words = drawn("text", { "text-anchor": "end" });
  group.append(parts.hit, parts.seen, knob, words);
  return { name, group, ...parts, knob, words };
}

// What a line says at a place of its own, to eyes and to a screen reader.
function tellLine({ name, group, words }, { panel, values, factors, bands }) {
  const { count } = bands[name];
  words.textContent = `${WORDS[name].join(" ")} ${threeDigits(values[name])}${movedWords(panel, name, values, factors)}`;
  given(group, {
    "aria-valuenow": rounded(factors[name]),
    "aria-valuetext": `${threeDigits(values[name])}, ${rounded(factors[name])} times the rule's; ${count.toLocaleString("en")} ${name}`,
  });
}

// How far a threshold was moved by hand; a strong one below the noise threshold stands on it.
function movedWords(panel, name, values, factors) {
  if (name === "strong" && panel.own.strong * factors.strong < values.noise) return "  (raised to noise)";
  return Math.abs(factors[name] - 1) < 5e-4 ? "" : `  × ${Number(factors[name].toPrecision(3))}`;
}

function threeDigits(value) {
  return String(Number(value.toPrecision(3)));
}

// `desk` holds the factors: `move(factors)` redraws, `release()` tells the server, `drop()` takes a drag back.
function takeLines(one, desk) {
  for (const line of one.lines) {
    takeByPointer(one, line, desk);
    takeByKeys(one, line, desk);
  }
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
    from = one.along(event);
    offset = one.lineAt(line.name, desk.factors) - from; // the line does not jump to where it was taken
    desk.take(lieTogether(one, desk) ? UNDECIDED : line.name, one);
  });
  group.addEventListener("pointermove", (event) => {
    if (!desk.taken || desk.by !== one) return;
    const at = one.along(event);
    if (!one.moved && Math.abs(at - from) < 3) return; // a press that trembles is a click
    one.moved = true;
    if (desk.taken === UNDECIDED) desk.taken = at < from ? "strong" : "noise";
    desk.move({ ...desk.factors, [desk.taken]: one.factorAt(desk.taken, desk.factors, at + offset) });
  });
  for (const end of ["pointerup", "lostpointercapture"]) group.addEventListener(end, () => desk.release());
  group.addEventListener("pointercancel", () => desk.drop());
  group.addEventListener("dblclick", () => desk.moveAndTell({ ...desk.factors, [line.name]: 1 }));
}

// Where both thresholds lie on each other, up or left takes the strong one, down or right the noise one.
function lieTogether(one, desk) {
  if (one.lines.length < 2) return false;
  return Math.abs(one.lineAt("strong", desk.factors) - one.lineAt("noise", desk.factors)) < 8;
}

function takeByKeys(one, line, desk) {
  const { group, name } = line;
  group.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && desk.taken) return desk.drop();
    const factor = ENDS[event.key] ?? one.factorBy(name, desk.factors, event.key);
    if (!factor) return;
    event.preventDefault();
    event.stopPropagation(); // arrow keys lead through a presentation elsewhere
    desk.moveAndTell({ ...desk.factors, [name]: factor }, TYPED_MS);
  });
  group.addEventListener("blur", () => desk.tell());
}

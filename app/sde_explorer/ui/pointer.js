// What happens on figures of points: a card beside the pointer, and what a lasso, a box or a click takes.
// Points carry ids only; the server is asked for the card of an id, once.

const REST_MS = 90; // a pointer that rests this long on a point wants its card
const ASK_AGAIN_MS = 2000;
const MOST_CARDS = 600;
const cards = new Map();
let newest = ""; // which set the cards are of

export default function (component) {
  const { data: [data], parentElement, setTriggerValue } = component;
  if (newest !== data.set) {
    cards.clear();
    newest = data.set;
  }
  const root = parentElement.querySelector(".card");
  if (data.card) {
    if (cards.size > MOST_CARDS) cards.clear();
    cards.set(data.card.id, data.card);
  }
  const here = (root.here ??= { id: null, timer: 0, asked: 0, x: 0, y: 0 });
  here.ask = (id) => setTriggerValue("hovered", id);
  here.pick = (chart, ids) => setTriggerValue("picked", { chart, ids });
  here.watches = data.watches;
  if (here.id !== null && cards.has(here.id)) show(root, here);

  const watched = new Map();
  const attach = () => {
    for (const chart of data.charts) {
      // The figure of an earlier run may stay in the page, hidden.
      const plots = document.querySelectorAll(`.st-key-${chart} :is(.js-plotly-plot, .sde-points)`);
      const plot = [...plots].find((one) => one.offsetHeight) ?? plots[0];
      if (plot && typeof plot.on === "function" && watched.get(chart)?.plot !== plot) {
        release(watched.get(chart));
        watched.set(chart, { plot, handlers: listen(plot, chart, root, here) });
      }
    }
  };
  attach();
  const every = setInterval(attach, 300); // a redrawn figure is another element
  return () => {
    clearInterval(every);
    clearTimeout(here.timer);
    watched.forEach(release);
    hide(root, here);
  };
}

function listen(plot, chart, root, here) {
  const handlers = {};
  if (here.watches === "hover") {
    handlers.plotly_hover = (event) => {
      const id = idOf(event.points?.[0]);
      if (id === null) return;
      here.x = event.event.clientX;
      here.y = event.event.clientY;
      if (id === here.id) return place(root, here);
      here.id = id;
      clearTimeout(here.timer);
      if (cards.has(id)) return show(root, here);
      root.hidden = true;
      here.timer = setTimeout(() => ask(here, id), REST_MS);
    };
    handlers.plotly_unhover = () => hide(root, here);
  } else {
    handlers.plotly_selected = (event) => {
      if (event) here.pick(chart, idsOf(event.points));
    };
    handlers.plotly_deselect = () => here.pick(chart, []);
    handlers.plotly_click = (event) => here.pick(chart, idsOf(event.points));
  }
  for (const [name, handler] of Object.entries(handlers)) plot.on(name, handler);
  return handlers;
}

function release(watch) {
  if (!watch) return;
  for (const [name, handler] of Object.entries(watch.handlers)) watch.plot.removeListener?.(name, handler);
}

function ask(here, id) {
  if (here.id !== id) return;
  here.ask(id);
  // The answer may be lost where the page is busy: ask again while the pointer stays.
  here.timer = setTimeout(() => here.id === id && !cards.has(id) && ask(here, id), ASK_AGAIN_MS);
}

function idOf(point) {
  const id = Array.isArray(point?.customdata) ? point.customdata[0] : point?.customdata;
  return Number.isInteger(id) ? id : null;
}

function idsOf(points) {
  return [...new Set((points ?? []).map(idOf).filter((id) => id !== null))];
}

function show(root, here) {
  const card = cards.get(here.id);
  const image = root.querySelector("img");
  image.hidden = !card.picture;
  if (card.picture) image.src = card.picture;
  root.querySelector("b").textContent = card.title; // text, never markup
  root.querySelector("p").textContent = card.text;
  const bars = root.querySelector(".bars");
  bars.replaceChildren(
    ...card.bars.map(([colour, share, name]) => {
      const bar = document.createElement("i");
      bar.style.cssText = `background:${colour};flex-basis:${100 * share}%`;
      bar.title = name;
      return bar;
    }),
  );
  root.querySelector("small").textContent = card.numbers;
  root.hidden = false;
  place(root, here);
}

function place(root, here) {
  const { offsetWidth: width, offsetHeight: height } = root;
  const left = here.x + 18 + width < innerWidth ? here.x + 18 : here.x - 18 - width;
  const top = Math.min(Math.max(8, here.y - height / 2), innerHeight - height - 8);
  root.style.transform = `translate(${Math.max(8, left)}px, ${top}px)`;
}

function hide(root, here) {
  clearTimeout(here.timer);
  here.id = null;
  root.hidden = true;
}

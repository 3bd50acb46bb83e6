// The map on its page: takes what the server sent, keeps what stayed the same, and says what is drawn.

export default function (component) {
  const { data: [data], parentElement } = component;
  const root = parentElement.querySelector(".sde-points");
  let map = root.map;
  try {
    map ??= root.map = begun(root);
  } catch (error) {
    root.querySelector("small").textContent = `${error.message} The map needs it.`;
    return;
  }
  const { points, hands, seen } = map;
  hands.first = data.first;
  points.canvas.setAttribute("role", "img");
  points.canvas.setAttribute("aria-label", data.alt);
  map.axes = data.axes;
  if (seen.places !== data.places.of) {
    points.put(new Uint16Array(bytes(data.places.base64).buffer), data.n);
    seen.colours = seen.picked = "";
    seen.places = data.places.of;
  }
  const ink = data.colours.of + data.colours.palette.join();
  if (seen.colours !== ink) {
    points.colour(bytes(data.colours.base64), data.colours.palette);
    seen.colours = ink;
  }
  if (seen.picked !== data.picked.of) {
    points.mark(bytes(data.picked.base64), data.picked.count);
    seen.picked = data.picked.of;
  }
  legend(root.querySelector(".legend"), data.legend);
  map.redraw();
}

function begun(root) {
  const points = new Points(root.querySelector("canvas"));
  const map = { points, seen: {}, frame: 0, last: 0, most: MOST_DRAWN };
  heard(root);
  map.redraw = () => {
    map.frame ||= requestAnimationFrame((now) => {
      map.frame = 0;
      // While it moves, as many as the browser draws 30 times a second; at rest all that were chosen.
      const since = now - map.last;
      if (map.hands.moves && since < 500) map.most = paced(map.most, since);
      map.last = now;
      points.draw(map.hands.moves ? map.most : undefined);
      told(root, map);
    });
  };
  map.hands = new Hands(root, points, map.redraw);
  root.dataset.mode = map.hands.mode;
  new ResizeObserver(map.redraw).observe(points.canvas);
  return map;
}

// How many points to draw next, after a frame that took so many milliseconds.
function paced(most, taken) {
  const by = taken > 40 ? 0.7 : taken < 25 ? 1.2 : 1;
  return Math.min(MOST_DRAWN, Math.max(5000, Math.round(most * by)));
}

function told(root, { points, axes }) {
  const say = (n) => n.toLocaleString("en");
  const all = points.drawn === points.inside;
  const part = all ? `all ${say(points.inside)}` : `${say(points.drawn)} of ${say(points.inside)}`;
  root.dataset.drawn = points.drawn;
  root.dataset.inside = points.inside;
  root.querySelector("small").textContent =
    `Drawn: ${part} points in this part of the map; right: ${axes} 1, up: ${axes} 2. A lasso takes what is drawn.`;
}

function legend(place, { title, kinds, ends, gradient }) {
  const word = (text) => Object.assign(document.createElement("span"), { textContent: text });
  const dot = (style, name = "") => {
    const mark = Object.assign(document.createElement("i"), { className: name });
    mark.style.background = style;
    return mark;
  };
  if (kinds)
    place.replaceChildren(
      ...kinds.map(([name, ink]) => {
        const one = word("");
        one.append(dot(ink), name); // text, never markup
        return one;
      }),
    );
  else {
    const one = word("");
    one.append(`${title}: ${ends[0]}`, dot(`linear-gradient(90deg,${gradient.join()})`, "bar"), ends[1]);
    place.replaceChildren(one);
  }
}

// Three maps of the same pictures side by side; the pointer marks the same picture in all of them.

export default function (component) {
  const { data: [data], parentElement } = component;
  const root = parentElement.querySelector(".sde-atlas");
  try {
    root.atlas ??= begunAtlas(root, data);
  } catch (error) {
    root.querySelector("small").textContent = `${error.message} The maps need it.`;
    return;
  }
  root.atlas.show(data);
}

function begunAtlas(root, data) {
  heard(root);
  const ids = [], panes = data.panes.map(() => begunPane(root, ids));
  root.querySelector(".panes").replaceChildren(...panes.map((pane) => pane.element));
  const mark = (id) => {
    const number = id === null ? -1 : ids.indexOf(id);
    root.dataset.marked = number < 0 ? "" : id;
    for (const pane of panes) pane.mark(number);
  };
  root.on("plotly_hover", ({ points }) => mark(points[0].customdata));
  root.on("plotly_unhover", () => mark(null));
  for (const button of root.querySelectorAll(".tools button"))
    button.onclick = () => {
      for (const pane of panes) pane.hands.does(button.dataset.does);
      for (const one of root.querySelectorAll("button[aria-pressed]"))
        if (["lasso", "pan"].includes(button.dataset.does)) one.setAttribute("aria-pressed", one === button);
    };
  const seen = { sheet: "" };
  return { show };

  function show({ panes: sent, rows, sheet, colours, picked, told }) {
    if (ids.of !== rows.of) {
      ids.splice(0, ids.length, ...new Int32Array(bytes(rows.base64).buffer));
      ids.of = rows.of;
    }
    sent.forEach((one, i) => panes[i].show(one, colours[i], picked));
    root.querySelector("small").textContent = told;
    if (sheet && seen.sheet !== sheet.of) {
      seen.sheet = sheet.of;
      const image = new Image();
      image.src = `data:image/webp;base64,${sheet.base64}`;
      image.decode().then(() => {
        for (const pane of panes) pane.sheet(image, sheet);
        root.dataset.pictures = sheet.of;
      });
    }
  }
}

function begunPane(root, ids) {
  const element = document.createElement("section");
  element.className = "pane";
  element.dataset.mode = "lasso";
  element.innerHTML =
    '<header></header><div class="place"><canvas tabindex="0" role="img"></canvas>' +
    '<svg aria-hidden="true"><path></path><circle r="0"></circle></svg></div>';
  const points = new Sprites(element.querySelector("canvas")), ring = element.querySelector("circle");
  element.hearers = root.hearers;
  let frame = 0;
  const seen = {};
  const redraw = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      points.draw();
      element.dataset.pictures = points.shown.length;
      const [x, y] = points.marked < 0 ? [0, 0] : points.pixel(points.marked);
      for (const [name, value] of [["cx", x], ["cy", y], ["r", points.marked < 0 ? 0 : 1.1 * SPRITE_PX]]) ring.setAttribute(name, value.toFixed(1));
    });
  };
  const hands = new Hands(element, points, redraw);
  hands.idOf = (number) => ids[number];
  new ResizeObserver(() => {
    if (points.n) points.choose();
    redraw();
  }).observe(points.canvas);
  return { element, hands, show, mark, sheet };

  function show({ band, title, empty, places, n, alt }, colours, picked) {
    element.querySelector("header").replaceChildren(Object.assign(document.createElement("b"), { className: band, textContent: band }), ` ${title}`);
    points.canvas.setAttribute("aria-label", alt);
    element.classList.toggle("empty", empty);
    if (seen.places !== places.of) {
      points.put(new Uint16Array(bytes(places.base64).buffer), n);
      points.colour(bytes(colours.base64), colours.palette);
      seen.places = places.of;
      seen.picked = "";
    }
    if (seen.picked !== picked.of) {
      points.mark(bytes(picked.base64), picked.count);
      seen.picked = picked.of;
    }
    redraw();
  }

  function sheet(image, tiles) {
    points.sheet(image, tiles);
    redraw();
  }

  function mark(number) {
    points.marked = number < 0 ? -1 : points.positions[number];
    redraw();
  }
}

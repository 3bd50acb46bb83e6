// What pointer and keys do on the map: zoom, pan, lasso, click; told as figures tell it, to whoever listens.

const REACH_PX = 8;
const STEP = 1.25;
const MARGIN = 0.04;
const WHOLE = [-MARGIN, -MARGIN, 1 + MARGIN, 1 + MARGIN];
const REST_MS = 90;

class Hands {
  constructor(root, points, redraw) {
    this.root = root;
    this.points = points;
    this.redraw = redraw;
    this.canvas = points.canvas;
    this.mode = "lasso";
    this.path = null;
    this.moves = false;
    points.view = [...WHOLE];
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", () => this.end());
    canvas.addEventListener("pointerleave", () => this.tell("plotly_unhover", {}));
    canvas.addEventListener("dblclick", () => this.tell("plotly_deselect", {}));
    canvas.addEventListener("keydown", (event) => this.key(event));
    for (const button of root.querySelectorAll("button")) button.onclick = () => this.does(button.dataset.does);
  }

  does(what) {
    if (what === "in" || what === "out") this.zoom(what === "in" ? 1 / STEP : STEP, 0.5, 0.5);
    else if (what === "whole") this.look([...WHOLE]);
    else {
      this.mode = this.root.dataset.mode = what;
      for (const one of this.root.querySelectorAll("button[aria-pressed]"))
        one.setAttribute("aria-pressed", one.dataset.does === what);
    }
  }

  key(event) {
    const shifts = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.key === "+" || event.key === "-") this.does(event.key === "+" ? "in" : "out");
    else if (event.key === "0") this.does("whole");
    else if (event.key === "Escape") this.tell("plotly_deselect", {});
    else if (shifts[event.key]) this.shift(...shifts[event.key].map((part) => part * 0.1));
    else return;
    event.preventDefault();
  }

  // A place of the canvas in shares of its width and height, from its lower left corner.
  share(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
  }

  place([u, v]) {
    const [left, low, right, high] = this.points.view;
    return [left + u * (right - left), low + v * (high - low)];
  }

  zoom(by, u, v) {
    const [left, low, right, high] = this.points.view;
    const width = Math.min(Math.max((right - left) * by, 1e-4), 4), height = Math.min(Math.max((high - low) * by, 1e-4), 4);
    const x = left + u * (right - left), y = low + v * (high - low);
    this.look([x - u * width, y - v * height, x + (1 - u) * width, y + (1 - v) * height]);
  }

  shift(u, v) {
    const [left, low, right, high] = this.points.view;
    const x = u * (right - left), y = v * (high - low);
    this.look([left + x, low + y, right + x, high + y]);
  }

  // Show a part of the map: at once what is drawn already, and at rest the points that belong there.
  look(view) {
    this.points.view = view;
    this.moves = true;
    this.redraw();
    clearTimeout(this.rests);
    this.rests = setTimeout(() => {
      this.moves = false;
      this.points.choose();
      this.redraw();
    }, REST_MS);
  }

  wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(Math.max(-100, Math.min(100, event.deltaY)) / 400), ...this.share(event));
  }

  down(event) {
    if (event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.from = [event.clientX, event.clientY];
    this.last = this.share(event);
    this.path = [this.last];
  }

  move(event) {
    const at = this.share(event);
    if (!this.path) return this.hover(event, at);
    if (this.mode === "pan") this.shift(this.last[0] - at[0], this.last[1] - at[1]);
    else this.outline([...this.path, at]);
    this.path.push(at);
    this.last = at;
  }

  up(event) {
    const path = this.path;
    if (!path) return;
    this.end();
    if (Math.hypot(event.clientX - this.from[0], event.clientY - this.from[1]) < 4) {
      const id = this.at(this.share(event));
      if (id !== null) this.tell("plotly_click", { points: [{ customdata: id }] });
    } else if (this.mode === "lasso") {
      const ids = this.points.within(path.map((at) => this.place(at)));
      this.tell("plotly_selected", { points: ids.map((i) => ({ customdata: this.idOf(i) })) });
    }
  }

  end() {
    this.path = null;
    this.outline([]);
  }

  outline(path) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const corners = path.map(([u, v]) => `${(u * width).toFixed(1)} ${((1 - v) * height).toFixed(1)}`);
    this.root.querySelector("path").setAttribute("d", corners.length > 1 ? `M${corners.join("L")}Z` : "");
  }

  hover(event, at) {
    const id = this.at(at);
    if (id === null) this.tell("plotly_unhover", {});
    else this.tell("plotly_hover", { points: [{ customdata: id }], event });
  }

  at(share) {
    const [left, low, right, high] = this.points.view, { clientWidth: width, clientHeight: height } = this.canvas;
    const found = this.points.near(...this.place(share), (REACH_PX * (right - left)) / width, (REACH_PX * (high - low)) / height);
    return found < 0 ? null : this.idOf(found);
  }

  idOf(number) {
    return this.first + number;
  }

  tell(name, what) {
    for (const hears of this.root.hearers?.[name] ?? []) hears(what);
  }
}

// Pictures at the places of points: of those in view so many as do not cover each other, the others as points.

const SPRITE_PX = 30;
const APART = 0.8; // of its size, from one picture to the next
const MARKED = 2; // times as large
const BEHIND = 0.4; // of their size: points between pictures
const SPRITE_VERTEX = `
attribute vec2 place; attribute float tile;
uniform vec4 view; uniform float size; uniform float columns; varying vec2 at;
void main() {
  vec2 where = (place - view.xy) / (view.zw - view.xy);
  gl_Position = vec4(where * 2.0 - 1.0, 0.0, 1.0);
  gl_PointSize = size;
  float row = floor((tile + 0.5) / columns);
  at = vec2(tile - row * columns, row);
}`;
const SPRITE_FRAGMENT = `
precision highp float; varying vec2 at; uniform vec2 tiles; uniform sampler2D sheet;
void main() { gl_FragColor = texture2D(sheet, (at + gl_PointCoord) / tiles); }`;

class Sprites extends Points {
  constructor(canvas) {
    super(canvas);
    const { gl } = this;
    this.painter = programOf(gl, SPRITE_VERTEX, SPRITE_FRAGMENT, { place: 0, tile: 3 });
    this.painted = Object.fromEntries(
      ["view", "size", "columns", "tiles", "sheet"].map((name) => [name, gl.getUniformLocation(this.painter, name)]),
    );
    this.attribute("tile", 3, 1, gl.FLOAT, false);
    this.shown = [];
    this.shownIndex = gl.createBuffer();
    this.marked = -1;
    this.tiles = null;
  }

  put(places, n) {
    super.put(places, n);
    this.positions = new Uint32Array(n);
    this.order.forEach((number, i) => (this.positions[number] = i));
    this.fill("tile", Float32Array.from(this.order));
  }

  // image: all pictures in one, row by row, `columns` beside each other.
  sheet(image, { columns, rows }) {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, image);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.LINEAR);
    gl.activeTexture(gl.TEXTURE0);
    this.tiles = [columns, rows];
    this.scale = BEHIND;
    this.choose();
  }

  // A place of the map in pixels of the page from the upper left corner.
  pixel(i) {
    const [left, low, right, high] = this.view, { clientWidth: width, clientHeight: height } = this.canvas;
    return [((this.xy[2 * i] / 65535 - left) / (right - left)) * width, (1 - (this.xy[2 * i + 1] / 65535 - low) / (high - low)) * height];
  }

  choose() {
    super.choose();
    this.shown = [];
    if (!this.tiles) return;
    const taken = new Map(), apart = APART * SPRITE_PX;
    for (let k = this.drawn - 1; k >= 0; k--) {
      const i = this.chosen[k];
      if (this.fades && !this.marks[i]) continue;
      const place = this.pixel(i);
      if (isFree(taken, place, apart)) this.shown.push(i);
    }
  }

  draw(most) {
    super.draw(most);
    if (!this.tiles || !this.drawn) return;
    const { gl, painted, view } = this, ratio = Math.min(devicePixelRatio || 1, 2);
    gl.useProgram(this.painter);
    gl.uniform4fv(painted.view, view);
    gl.uniform1f(painted.columns, this.tiles[0]);
    gl.uniform2fv(painted.tiles, this.tiles);
    gl.uniform1i(painted.sheet, 1);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.shownIndex);
    this.paint(this.shown, ratio * SPRITE_PX);
    if (this.marked >= 0) this.paint([this.marked], ratio * MARKED * SPRITE_PX);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.index);
  }

  paint(which, size) {
    const { gl, painted } = this;
    gl.uniform1f(painted.size, size);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, Uint32Array.from(which), gl.DYNAMIC_DRAW);
    gl.drawElements(gl.POINTS, which.length, gl.UNSIGNED_INT, 0);
  }

  // A picture that covers the place comes before the nearest point.
  near(x, y, reachX, reachY) {
    const far = SPRITE_PX / 2 / REACH_PX;
    let best = 1, found = -1;
    for (const i of this.shown) {
      const off = Math.max(Math.abs(this.xy[2 * i] / 65535 - x) / reachX, Math.abs(this.xy[2 * i + 1] / 65535 - y) / reachY) / far;
      if (off <= best) [best, found] = [off, i];
    }
    return found < 0 ? super.near(x, y, reachX, reachY) : this.order[found];
  }
}

// Whether no picture that was taken lies nearer than `apart` in x and in y; then the place is taken.
function isFree(taken, [x, y], apart) {
  const column = Math.floor(x / apart), row = Math.floor(y / apart);
  for (let c = column - 1; c <= column + 1; c++)
    for (let r = row - 1; r <= row + 1; r++) {
      const other = taken.get(`${c} ${r}`);
      if (other && Math.max(Math.abs(other[0] - x), Math.abs(other[1] - y)) < apart) return false;
    }
  taken.set(`${column} ${row}`, [x, y]);
  return true;
}

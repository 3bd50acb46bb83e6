// Points in WebGL. They lie in one random order, so that the first of them are an even sample of any part of the map.

const MOST_DRAWN = 100000;
const NOT_PICKED = 0.12;

const VERTEX = `
attribute vec2 place; attribute float colour; attribute float mark;
uniform vec4 view; uniform float size; uniform float fades; uniform sampler2D inks;
varying vec4 ink;
void main() {
  vec2 at = (place - view.xy) / (view.zw - view.xy);
  gl_Position = vec4(at * 2.0 - 1.0, 0.0, 1.0);
  float isOn = step(0.5, mark);
  gl_PointSize = size * (1.0 + 0.6 * isOn * fades);
  ink = vec4(texture2D(inks, vec2((colour * 255.0 + 0.5) / 256.0, 0.5)).rgb, mix(0.8, mix(${NOT_PICKED}, 1.0, isOn), fades));
}`;
const FRAGMENT = `
precision mediump float; varying vec4 ink;
void main() {
  float far = length(gl_PointCoord - 0.5);
  if (far > 0.5) discard;
  gl_FragColor = vec4(ink.rgb * ink.a, ink.a);
}`;

class Points {
  constructor(canvas) {
    this.canvas = canvas;
    this.view = [0, 0, 1, 1];
    this.n = 0;
    const gl = (this.gl = canvas.getContext("webgl", { antialias: false, premultipliedAlpha: true }));
    if (!gl || !gl.getExtension("OES_element_index_uint")) throw new Error("This browser draws no WebGL.");
    const program = (this.program = programOf(gl, VERTEX, FRAGMENT, { place: 0, colour: 1, mark: 2 }));
    gl.useProgram(program);
    this.uniform = Object.fromEntries(
      ["view", "size", "fades", "inks"].map((name) => [name, gl.getUniformLocation(program, name)]),
    );
    this.buffers = {};
    for (const [name, count, type] of [["place", 2, gl.UNSIGNED_SHORT], ["colour", 1, gl.UNSIGNED_BYTE], ["mark", 1, gl.UNSIGNED_BYTE]]) {
      this.attribute(name, gl.getAttribLocation(program, name), count, type, true);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, (this.index = gl.createBuffer()));
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.chosen = new Uint32Array(MOST_DRAWN);
    this.drawn = this.inside = 0;
    this.fades = false;
    this.scale = 1; // of the size of a point
  }

  // A number or several for each point, read by the shaders from a place of their own.
  attribute(name, at, count, type, normalized) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, (this.buffers[name] = gl.createBuffer()));
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, count, type, normalized, 0, 0);
  }

  // places: n numbers x, then n numbers y, in [0, 65535].
  put(places, n) {
    this.n = n;
    this.fades = false;
    this.order = shuffled(n);
    this.xy = new Uint16Array(2 * n);
    for (let i = 0; i < n; i++) {
      this.xy[2 * i] = places[this.order[i]];
      this.xy[2 * i + 1] = places[n + this.order[i]];
    }
    this.fill("place", this.xy);
    this.choose();
  }

  colour(bytes, palette) {
    this.fill("colour", this.ordered((i) => bytes[i]));
    const inks = new Uint8Array(4 * 256);
    palette.forEach((ink, i) => inks.set([1, 3, 5].map((at) => parseInt(ink.slice(at, at + 2), 16)), 4 * i));
    const { gl } = this;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, inks);
  }

  // bits: one a point, the lowest first; count: how many are set.
  mark(bits, count) {
    this.fades = count > 0;
    this.marks = this.ordered((i) => ((bits[i >> 3] >> (i & 7)) & 1 ? 255 : 0));
    this.fill("mark", this.marks);
    this.choose();
  }

  ordered(value) {
    const out = new Uint8Array(this.n);
    for (let i = 0; i < this.n; i++) out[i] = value(this.order[i]);
    return out;
  }

  fill(name, array) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, array, gl.STATIC_DRAW);
  }

  // Take of the points in view the first in the random order; those that are picked come before all others.
  choose() {
    const [left, low, right, high] = this.view.map((end) => 65535 * end);
    const { xy, n, chosen, marks } = this;
    let count = 0, inside = 0;
    const isIn = (i) => {
      const x = xy[2 * i], y = xy[2 * i + 1];
      return x >= left && x <= right && y >= low && y <= high;
    };
    if (this.fades) for (let i = 0; i < n && count < MOST_DRAWN; i++) if (marks[i] && isIn(i)) chosen[count++] = i;
    const first = count;
    for (let i = 0; i < n; i++) {
      if (!isIn(i)) continue;
      inside++;
      if (count < MOST_DRAWN && !(this.fades && marks[i])) chosen[count++] = i;
    }
    // What is picked is drawn last, above the others.
    if (first && first < count) {
      const picked = chosen.slice(0, first);
      chosen.copyWithin(0, first, count);
      chosen.set(picked, count - first);
    }
    this.drawn = count;
    this.inside = inside;
    const { gl } = this;
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, chosen.subarray(0, count), gl.DYNAMIC_DRAW);
  }

  // most: points at most, an even sample of those in view and all that are picked.
  draw(most = MOST_DRAWN) {
    const { gl, canvas, uniform, view } = this;
    const count = Math.min(this.drawn, most);
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.drawn) return;
    gl.useProgram(this.program);
    gl.uniform4fv(uniform.view, view);
    gl.uniform1f(uniform.size, this.scale * ratio * Math.min(9, Math.max(2.5, 9 - 1.6 * Math.log10(this.drawn / 100))));
    gl.uniform1f(uniform.fades, this.fades ? 1 : 0);
    gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, 4 * (this.drawn - count));
  }

  // The number of the drawn point that is nearest to a place of the map within a reach, or -1.
  near(x, y, reachX, reachY) {
    let best = 1, found = -1;
    for (let k = 0; k < this.drawn; k++) {
      const i = this.chosen[k];
      const dx = (this.xy[2 * i] / 65535 - x) / reachX, dy = (this.xy[2 * i + 1] / 65535 - y) / reachY;
      const far = dx * dx + dy * dy;
      if (far <= best) [best, found] = [far, i];
    }
    return found < 0 ? -1 : this.order[found];
  }

  // The numbers of the drawn points inside a polygon of places.
  within(polygon) {
    const found = [];
    for (let k = 0; k < this.drawn; k++) {
      const i = this.chosen[k];
      if (isWithin(polygon, this.xy[2 * i] / 65535, this.xy[2 * i + 1] / 65535)) found.push(this.order[i]);
    }
    return found;
  }
}

function programOf(gl, vertex, fragment, places) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  for (const name in places) gl.bindAttribLocation(program, places[name], name);
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  return program;
}

// One random order for everybody, so that two looks at a map show the same points.
function shuffled(n) {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  let state = 2463534242;
  for (let i = n - 1; i > 0; i--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const j = (state >>> 0) % (i + 1);
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}

function isWithin(polygon, x, y) {
  let is = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [ax, ay] = polygon[i], [bx, by] = polygon[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) is = !is;
  }
  return is;
}

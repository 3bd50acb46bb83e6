// What draws: on a canvas while one looks, as paths where the figure is saved.

// A canvas as large as its place, in pixels of the screen.
function sized(canvas, context, width, height) {
  const pixels = devicePixelRatio || 1;
  canvas.width = width * pixels;
  canvas.height = height * pixels;
  context.setTransform(pixels, 0, 0, pixels, 0, 0);
}

function canvasPen(context) {
  return {
    path: () => new Path2D(),
    fill(path, colour, opacity = 1) {
      context.globalAlpha = opacity;
      context.fillStyle = colour;
      context.fill(path);
      context.globalAlpha = 1;
    },
    stroke(path, colour, width) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke(path);
    },
  };
}

function vectorPen() {
  const drawn = [];
  return {
    path: () => new VectorPath(),
    fill: (path, colour, opacity = 1) =>
      drawn.push(`<path d="${path}" fill="${colour}" fill-opacity="${opacity}" stroke="none"/>`),
    stroke: (path, colour, width) =>
      drawn.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="${width}"/>`),
    drawn: () => drawn.join(""),
  };
}

class VectorPath {
  parts = [];
  moveTo(x, y) {
    this.parts.push(`M${x.toFixed(2)} ${y.toFixed(2)}`);
  }
  lineTo(x, y) {
    this.parts.push(`L${x.toFixed(2)} ${y.toFixed(2)}`);
  }
  rect(x, y, width, height) {
    this.parts.push(`M${x.toFixed(2)} ${y.toFixed(2)}h${width}v${height}h${-width}Z`);
  }
  arc(x, y, radius) {
    this.parts.push(`a${radius} ${radius} 0 1 1 ${-2 * radius} 0a${radius} ${radius} 0 1 1 ${2 * radius} 0Z`);
  }
  closePath() {
    this.parts.push("Z");
  }
  toString() {
    return this.parts.join("");
  }
}

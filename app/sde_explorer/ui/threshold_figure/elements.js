// Elements made and filled: HTML and SVG.

function drawn(name, values) {
  return given(document.createElementNS("http://www.w3.org/2000/svg", name), values);
}

function written(text, values) {
  const element = drawn("text", values);
  element.textContent = text;
  return element;
}

function given(element, values) {
  for (const key in values) element.setAttribute(key, values[key]);
  return element;
}

function madeOf(name, look, content) {
  const element = document.createElement(name);
  if (look) element.className = look;
  if (typeof content === "string") element.textContent = content;
  else element.append(...(content ?? []));
  return element;
}

// Words beside a place, inside a width.
function placeTip(tip, x, y, inside) {
  const width = Math.min(inside, 232);
  tip.style.left = `${Math.max(Math.min(x + 10, inside - width), 0)}px`;
  tip.style.top = `${Math.max(y - tip.offsetHeight - 10, 0)}px`;
}

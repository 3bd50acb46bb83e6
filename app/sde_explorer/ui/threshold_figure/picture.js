// The figure as one drawing in SVG, as it stands on the page, for a file.

const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "font-weight", "font-size", "opacity", "visibility", "paint-order"];

function pictureOf(root, panels) {
  const page = root.getBoundingClientRect();
  const parts = panels.map((one) => partsOf(one, page));
  const font = getComputedStyle(root).fontFamily;
  const behind = getComputedStyle(document.querySelector("[data-testid=stApp]") ?? document.body).backgroundColor;
  const size = `width="${Math.round(page.width)}" height="${Math.round(page.height)}"`;
  const box = `viewBox="0 0 ${Math.round(page.width)} ${Math.round(page.height)}"`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${box} font-family="${escaped(font)}">` +
    `<rect width="100%" height="100%" fill="${behind}"/>${parts.join("")}</svg>`;
  return { svg, width: Math.round(page.width), height: Math.round(page.height), font };
}

function partsOf(one, page) {
  const at = one.plot.getBoundingClientRect();
  const pen = vectorPen();
  one.draw(pen);
  const [under, over] = [...one.element.querySelectorAll("svg")].map(copied);
  const plot = `<g transform="translate(${at.left - page.left} ${at.top - page.top})">${under}${pen.drawn()}${over}</g>`;
  const words = [...one.element.querySelectorAll("header > *, .numbers > span")].map((word) => wordOf(word, page));
  const pieces = [...one.element.querySelectorAll(".bar > i")].map((piece) => pieceOf(piece, page));
  return plot + words.join("") + pieces.join("");
}

// What an element holds, with the looks that a style sheet gives it.
function copied(svg) {
  const copy = svg.cloneNode(true);
  const [from, to] = [svg, copy].map((one) => [...one.querySelectorAll("*")]);
  from.forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const name of STYLES) to[i].setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "tabindex", "role"]) to[i].removeAttribute(name);
  });
  return [...copy.children].map((child) => new XMLSerializer().serializeToString(child)).join("");
}

function wordOf(element, page) {
  const box = element.getBoundingClientRect(), style = getComputedStyle(element);
  const size = parseFloat(style.fontSize);
  const look = `font-size="${size}" font-weight="${style.fontWeight}" fill="${style.color}"`;
  const y = box.bottom - page.top - 0.28 * size;
  return `<text x="${box.left - page.left}" y="${y}" ${look}>${escaped(element.textContent)}</text>`;
}

function pieceOf(element, page) {
  const box = element.getBoundingClientRect();
  const place = `x="${box.left - page.left}" y="${box.top - page.top}" width="${box.width}" height="${box.height}"`;
  return `<rect ${place} rx="3" fill="${getComputedStyle(element).backgroundColor}"/>`;
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

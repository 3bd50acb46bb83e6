// A drawing in SVG as a file, PNG or SVG, with the typeface of the page in it. Stands before the script of a component.

const SVG = "image/svg+xml";
const faces = {};

// Letters in the file are as wide as they were laid out for.
async function fileOf(drawn, { format, width, height, font }) {
  const svg = drawn.replace(/>/, `>${await typeface(font)}`);
  return format === "png" ? painted(svg, width, height) : new Blob([svg], { type: SVG });
}

function download(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function painted(svg, ...size) {
  const [width, height] = size.map(Math.round); // a canvas would drop the fraction of a pixel, and the edge with it
  const image = new Image();
  image.src = `data:${SVG};charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(image, 0, 0, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

// The page's typeface as a style that stands inside a file; nothing where it cannot be read.
async function typeface(families) {
  const family = families.split(",")[0].replaceAll(/["']/g, "").trim();
  return (faces[family] ??= embedded(family));
}

async function embedded(family) {
  for (const sheet of document.styleSheets) {
    for (const rule of readable(sheet)) {
      const style = rule instanceof CSSFontFaceRule ? rule.style : null;
      if (style?.getPropertyValue("font-family").replaceAll(/["']/g, "") !== family) continue;
      if (/italic/.test(style.getPropertyValue("font-style"))) continue;
      const [, place] = /url\(["']?([^"')]+)["']?\)/.exec(style.getPropertyValue("src")) ?? [];
      const answer = place && (await fetch(new URL(place, sheet.href ?? document.baseURI)).catch(() => null));
      if (!answer?.ok) continue;
      const source = await encoded(await answer.blob());
      const weight = style.getPropertyValue("font-weight") || "normal";
      return `<style>@font-face{font-family:"${family}";font-weight:${weight};src:url(${source})}</style>`;
    }
  }
  return "";
}

function readable(sheet) {
  try {
    return sheet.cssRules;
  } catch {
    return []; // of another host
  }
}

function encoded(blob) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });
}

// Figures as files, PNG or SVG: by the tool bar of every figure, and by buttons of their own.
// Drawn by the Plotly of the page, as the figure stands there: its zoom, its colours, and the page behind it.

const CAMERA = "Download plot";
const heard = new WeakSet(); // figures that tell when their animation is interrupted
let interrupted = -Infinity; // when the last one was

export default function (component) {
  const { data, parentElement } = component;
  const place = parentElement.querySelector(".files");
  place.hidden = !data.chart;
  if (!data.chart) return watch(data);
  for (const button of place.querySelectorAll("button")) {
    button.onclick = async () => {
      const plot = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
      if (plot) await save(plot, button.dataset.format, data.name);
    };
  }
}

// The camera saves a PNG at twice the size; beside it stands a second button for the SVG.
function watch(data) {
  const completed = (event) => {
    const plot = event.target.closest?.(".js-plotly-plot");
    const camera = plot?.querySelector(`.modebar-btn[data-title="${CAMERA}"], .modebar-btn[data-title^="${CAMERA} as a"]`);
    if (!camera || !window.Plotly) return;
    camera.dataset.title = "Save as PNG";
    camera.dataset.format = "png";
    camera.setAttribute("aria-label", "Save as PNG");
    camera.after(svgButton(camera));
  };
  const clicked = (event) => {
    const button = event.target.closest?.(".modebar-btn[data-format]");
    const plot = button?.closest(".js-plotly-plot");
    if (!plot) return;
    event.stopImmediatePropagation(); // Plotly's own camera would leave the page's colour out
    event.preventDefault();
    save(plot, button.dataset.format, `${data.name}-${nameOf(plot)}`);
  };
  const pressed = (event) => {
    const plot = event.target.closest?.(".js-plotly-plot");
    if (plot?._transitionData?._frames?.length) haltsWhenRedrawn(plot);
  };
  // Plotly tells of an animation that was paused by a promise that nobody holds: that is no error.
  const paused = (event) => {
    if (event.reason === undefined && performance.now() - interrupted < 1000) event.preventDefault();
  };
  addEventListener("unhandledrejection", paused);
  const listeners = [
    ["pointerover", completed], ["focusin", completed], ["pointerdown", pressed], ["click", pressed], ["click", clicked],
  ];
  for (const [name, listener] of listeners) document.addEventListener(name, listener, true);
  return () => {
    removeEventListener("unhandledrejection", paused);
    for (const [name, listener] of listeners) document.removeEventListener(name, listener, true);
  };
}

// Where Plotly redraws a figure with frames, it forgets the animation that runs, without an end to it: nothing could
// stop it any more, and once the figure is gone every frame would be an error.
function haltsWhenRedrawn(plot) {
  if (!heard.has(plot)) plot.on?.("plotly_animationinterrupted", () => (interrupted = performance.now()));
  heard.add(plot);
  let held = plot._transitionData;
  Object.defineProperty(plot, "_transitionData", {
    configurable: true, // Plotly deletes it with the figure
    enumerable: true,
    get: () => held,
    set: (next) => {
      if (held?._animationRaf) cancelAnimationFrame(held._animationRaf);
      held = next;
    },
  });
}

function svgButton(camera) {
  const button = camera.cloneNode(true);
  button.dataset.title = "Save as SVG";
  button.dataset.format = "svg";
  button.setAttribute("aria-label", "Save as SVG");
  const icon = button.querySelector("svg"), path = icon.querySelector("path");
  const words = document.createElementNS("http://www.w3.org/2000/svg", "text");
  for (const [name, value] of Object.entries({ x: 0, y: 700, textLength: 1000, lengthAdjust: "spacingAndGlyphs" }))
    words.setAttribute(name, value);
  words.style.cssText = `font:700 560px sans-serif;fill:${path.style.fill}`;
  words.textContent = "SVG";
  icon.replaceChildren(words);
  const colour = () => (words.style.fill = camera.querySelector("path").style.fill);
  button.addEventListener("pointerenter", colour);
  return button;
}

function nameOf(plot) {
  const key = [...(plot.closest("[class*=st-key-]")?.classList ?? [])].find((name) => name.startsWith("st-key-"));
  return (key ?? "figure").replace("st-key-", "").replace(/_(chart|figure)$/, "").replaceAll("_", "-");
}

async function save(plot, format, name) {
  const { width, height, font } = plot._fullLayout;
  const page = getComputedStyle(document.querySelector("[data-testid=stApp]") ?? document.body).backgroundColor;
  // What only a browser can press is left out of the file.
  const layout = { ...plot.layout, width, height, paper_bgcolor: page, updatemenus: [], sliders: [] };
  const scale = format === "png" ? 2 : 1;
  const address = await window.Plotly.toImage({ data: plot.data, layout }, { format: "svg", width, height, scale });
  const drawn = decodeURIComponent(address.slice(address.indexOf(",") + 1));
  const content = await fileOf(drawn, { format, width: width * scale, height: height * scale, font: font.family });
  download(content, `${name}.${format}`);
}

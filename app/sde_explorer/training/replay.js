// Plays the frames of a figure once, as soon as it is drawn: unless less motion is asked for, or somebody took over.

const WAIT_MS = 100;
const TRIES = 200;
const SAME = 5; // a new figure is drawn several times; what was played before would be forgotten

export default function ({ data, parentElement }) {
  if (!data.chart || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  let timer = 0, tries = 0, same = 0, drawn = null;
  const look = () => {
    const plot = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
    const button = plot?.querySelector(".updatemenu-button"), frames = plot?._transitionData?._frames;
    same = frames && frames === drawn ? same + 1 : 0;
    drawn = frames;
    // As if it were pressed, so that pressing "Pause" stops it and a redrawn figure does too: see ui/figures.js.
    if (button && frames?.length && same >= SAME) return button.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    if (++tries < TRIES) timer = setTimeout(look, WAIT_MS);
  };
  timer = setTimeout(look, WAIT_MS);
  return () => clearTimeout(timer);
}

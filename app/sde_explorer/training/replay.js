// Plays the frames of a figure once, as soon as it is drawn: unless less motion is asked for, or somebody took over.

const WAIT_MS = 100;
const TRIES = 200;

export default function ({ data, parentElement }) {
  if (!data.chart || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  let timer = 0, tries = 0;
  const look = () => {
    const plot = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
    const button = plot?.querySelector(".updatemenu-button");
    if (button && plot._transitionData?._frames?.length) return play(plot);
    if (++tries < TRIES) timer = setTimeout(look, WAIT_MS);
  };
  timer = setTimeout(look, WAIT_MS);
  return () => clearTimeout(timer);
}

// As the button of the figure does, so that pressing "Pause" stops it.
function play(plot) {
  const [names, how] = plot._fullLayout.updatemenus[0].buttons[0].args;
  window.Plotly?.animate(plot, names, how).catch(() => {}); // another animation began meanwhile
}

// Spectra with thresholds that are dragged.

export default function (component) {
  return begin(component, { panels: spectraOf, listen });
}

function spectraOf({ panels, colours, unit, xscale, yscale, what }) {
  const settings = { colours, unit, xscale, yscale, what, range: null };
  const made = panels.map((one) => createPanel(one, settings));
  settings.range = valueRange(made.map((one) => one.panel), yscale);
  return made;
}

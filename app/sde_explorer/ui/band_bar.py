"""One bar of energy, wherever bands are: green strong, ochre weak, grey noise, with count and share of each."""

from pathlib import Path

from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures import palette

_COLOURS = "".join(f"--{band}:{palette.BAND[band]};--{band}-ink:{palette.as_text(band)};" for band in BANDS)
BAND_BAR_CSS = f".sde-band-bar,.sde-bands-of{{{_COLOURS}}}\n" + Path(__file__).with_name(
    "band_bar.css"
).read_text("utf-8")
"""Rules of the bar; a component that draws in the colours of the bands gives its root the class `sde-bands-of`."""
BAND_BAR_JS = Path(__file__).with_name("band_bar.js").read_text("utf-8")
"""The bar, drawn in the browser: count and share of each band."""

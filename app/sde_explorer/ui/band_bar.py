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
"""The same bar drawn in the browser, for components that move it."""


def band_bar(counts: dict[str, int], shares: dict[str, float]) -> str:
    """Return the bar as HTML of our own.

    Args:
        counts: directions (or whatever is divided) by band.
        shares: of the energy by band, together 1; 0 where there is none.
    """
    shown = [band for band in BANDS if counts[band]]
    bar = "".join(f'<i class="{band}" style="flex-grow:{shares[band]:.5f}"></i>' for band in shown)
    numbers = "".join(
        f'<span class="{band}"><b>{counts[band]:,}</b> {band} · {_percent(shares[band])}</span>'
        for band in BANDS
    )
    spoken = "; ".join(f"{counts[band]:,} {band}, {_percent(shares[band])} of the energy" for band in BANDS)
    return (
        f"<style>{BAND_BAR_CSS}</style>"
        f'<div class="sde-band-bar" role="img" aria-label="{spoken}">'
        f'<div class="bar">{bar}</div><div class="numbers">{numbers}</div></div>'
    )


def _percent(share: float) -> str:
    return "&lt;\u00a00.1\u00a0%" if 0 < share < 0.0005 else f"{100 * share:.1f}\u00a0%"

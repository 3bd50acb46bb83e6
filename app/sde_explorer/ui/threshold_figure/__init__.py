"""Singular spectra with thresholds that are dragged on the figure; what follows them follows in the browser."""

from sde_explorer.ui.threshold_figure.component import threshold_figure
from sde_explorer.ui.threshold_figure.sent import Overlay

__all__ = ["Overlay", "threshold_figure"]

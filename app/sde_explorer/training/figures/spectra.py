"""The spectrum as a training moves it."""

import math
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from sde_core.vocabulary import MODALITIES
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import domains
from sde_explorer.ui.figures.panels import GAP, panels, where

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_explorer.training.numbers.run import RunLog

# The full colour is the largest change on show, but never less than a quarter: rounding should look like nothing.
_LEAST_FULL = math.log2(1.25)


def before_now_figure(run: "RunLog", *, height: int = 330) -> go.Figure:
    """Return each modality's singular values at the start and now, over their rank.

    Args:
        run: with at least one look at its spectra.
        height: pixels.
    """
    traces = []
    first, last = run.spectra[0], run.spectra[-1]
    for panel, modality in enumerate(MODALITIES):
        for look, name, dash in ((first, "start", "dot"), (last, f"step {last.step}", "solid")):
            values = look.of(modality).values
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": np.arange(1, len(values) + 1),
                    "y": values,
                    "name": name,
                    "legendgroup": dash,
                    "showlegend": panel == 0,
                    "line": {"color": palette.MODALITY[modality], "dash": dash, "width": 2.2},
                    "hovertemplate": f"<b>{modality}, {name}</b><br>direction %{{x}}: %{{y:.4g}}<extra></extra>",
                }
                | where(panel)
            )
    return panels(
        traces,
        domains(2, GAP),
        MODALITIES,
        ("singular value", ""),
        height=height,
        x_title="rank of the direction",
        colours=[palette.MODALITY[m] for m in MODALITIES],
        y_type="log",
    )


def waterfall_figure(run: "RunLog", *, height: int = 330) -> go.Figure:
    """Return by how much each singular value grew or shrank since the start: rank across, steps downward.

    Args:
        run: with at least one look at its spectra.
        height: pixels.
    """
    looks = run.spectra[:]
    traces = []
    ratios = [_since_start([look.of(modality).values for look in looks]) for modality in MODALITIES]
    full = max(_LEAST_FULL, *(float(np.abs(np.log2(ratio)).max(initial=0.0)) for ratio in ratios))
    for panel, (modality, ratio) in enumerate(zip(MODALITIES, ratios, strict=True)):
        traces.append(
            {
                "type": "heatmap",
                "x": np.arange(1, ratio.shape[1] + 1),
                "y": [str(look.step) for look in looks],
                "z": np.log2(ratio).astype(np.float32),
                "customdata": ratio.astype(np.float32),
                "zmin": -full,
                "zmax": full,
                "colorscale": palette.GAIN,
                "showscale": panel == 1,
                "colorbar": {
                    "title": {"text": "since start", "side": "right"},
                    "tickvals": [-full, -full / 2, 0, full / 2, full],
                    "ticktext": _factors(full),
                    "thickness": 12,
                },
                "hovertemplate": f"<b>{modality}</b><br>step %{{y}}, direction %{{x}}"
                "<br>%{customdata:.2f} times its start<extra></extra>",
            }
            | where(panel)
        )
    places = domains(2, GAP)
    return panels(
        traces,
        places,
        MODALITIES,
        ("step", ""),
        height=height,
        x_title="rank of the direction",
        colours=[palette.MODALITY[m] for m in MODALITIES],
        y_type="category",
        y_reversed=True,
    )


def _since_start(values: "list[npt.NDArray[np.float64]]") -> "npt.NDArray[np.float64]":
    """Return (looks, r) singular values over those of the first look, for the directions that all looks have."""
    width = min(map(len, values))
    ratio: npt.NDArray[np.float64] = np.stack([v[:width] for v in values]) / values[0][:width]
    return ratio


def _factors(full: float) -> list[str]:
    half, whole = (f"{2**x:.3g}" for x in (full / 2, full))
    return [f"÷ {whole}", f"÷ {half}", "same", f"× {half}", f"× {whole}"]

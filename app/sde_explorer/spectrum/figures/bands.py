"""How the three bands divide the directions, and how they divide the energy."""

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.figures.layout import axis, figure

if TYPE_CHECKING:
    from sde_core.partition import Bands


def bands_figure(reports: "list[Bands]", *, height: int | None = None) -> go.Figure:
    """Return two bars a modality, directions above energy, each divided into strong, weak and noise.

    Args:
        reports: one or two modalities.
        height: pixels; None makes room for the bars.
    """
    # Plotly draws the first category lowest.
    rows = [(r, what) for r in reversed(reports) for what in ("energy", "directions")]
    traces: list[dict[str, Any]] = []
    for band in BANDS:
        shares = [
            (r.count(band) / max(len(r.values), 1)) if what == "directions" else r.energy_share(band)
            for r, what in rows
        ]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": shares,
                "y": [f"{r.modality}, {what}" for r, what in rows],
                "name": band,
                "width": 0.66,
                "marker": {"color": palette.BAND[band], "line": {"width": 0}},
                # What is too thin for its number is told on hover and in the table.
                "text": [f"{share:.0%}" if share >= 0.04 else "" for share in shares],
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "textfont": {"size": 13, "color": "#ffffff" if band == "strong" else "#111111"},
                "hovertemplate": f"<b>{band}</b><br>%{{y}}: %{{x:.2%}}<extra></extra>",
            }
        )
    layout = {
        "barmode": "stack",
        "xaxis": axis("", range=[0, 1], tickformat=".0%"),
        "yaxis": axis("", showgrid=False, ticklabelstandoff=8),
        "uniformtext": {"mode": "hide", "minsize": 11},
        "showlegend": False,  # the spectrum above names these colours
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
    }
    return figure(traces, layout, height=height or 66 + 66 * len(reports))

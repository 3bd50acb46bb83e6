"""What a notebook draws of an object: a card by itself, the dashboard's figure when asked for."""

from importlib import import_module
from typing import Any

from sde_core.errors import ConfigError

FIGURES = "sde_explorer.plots"
"""Module of the dashboard that turns results into its figures: the library knows no more of it than this name."""


def drawn(thing: object) -> str:
    """Return the card of an object as HTML, for ``_repr_html_``: a small figure and a sentence, nothing fetched.

    Every notebook front end asks for ``_repr_html_``; a mime bundle would hold the same HTML and the same repr.
    The rooms below know no page, so the room that draws is found by its name when a notebook asks.
    """
    return str(import_module("sde_core.report.card").card(thing))


def plotted(thing: object) -> Any:  # noqa: ANN401  # plotly's, which the library does not import
    """Return the dashboard's figure of this, a ``plotly.graph_objects.Figure``; it reads on light and on dark.

    Raises:
        ConfigError: plotly or the dashboard is not installed, or there is nothing to draw.
    """
    try:
        figures = import_module(FIGURES)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f'plot() needs {error.name}, which is not installed: pip install "sde-explorer"'
        ) from None
    return figures.plot(thing)

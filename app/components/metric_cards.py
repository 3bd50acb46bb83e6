"""The strip of metrics below the spectra."""

from typing import TYPE_CHECKING

from app.components.cards import Card, Number
from app.components.terms import HELP, METRICS

if TYPE_CHECKING:
    from app.analysis import BandReport


def metric_cards(reports: "list[BandReport]") -> tuple[Card, ...]:
    """Return one card for each metric, with a number for each modality."""
    return tuple(
        Card(
            label=name,
            numbers=tuple(Number(short(r.metrics[key]), r.modality) for r in reports),
            help=HELP[key],
        )
        for key, name in METRICS.items()
    )


def short(value: float) -> str:
    """Return a metric with as many digits as one compares by.

    >>> short(153.2), short(15.93), short(0.2508), short(float("nan"))
    ('153', '15.9', '0.25', '–')
    """
    if value != value:  # NaN: not defined for this spectrum
        return "–"
    return (
        f"{value:.0f}" if abs(value) >= 99.95 else f"{value:.1f}" if abs(value) >= 9.995 else f"{value:.2f}"
    )

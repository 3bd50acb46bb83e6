"""The strip of metrics: each with its control, and what it means on hover."""

import math
from typing import TYPE_CHECKING

from sde_explorer.ui.cards import WAITING, Card, Number
from sde_explorer.ui.terms import CONTROLS, HELP, METRICS

if TYPE_CHECKING:
    from sde_explorer.readings.metrics import Reading


def metric_cards(readings: "tuple[Reading, ...]", *, pairs_shuffled: bool = False) -> tuple[Card, ...]:
    """Return one card for each metric in their order, with a place for those that are still measured.

    Args:
        readings: those that are there.
        pairs_shuffled: whether the controls of the spectra are shuffled pairs and not shuffled columns.
    """
    there = {reading.key: reading for reading in readings}
    return tuple(
        _card(name, there[key], pairs_shuffled=pairs_shuffled)
        if key in there
        else Card(label=name, numbers=(Number(WAITING),), below=WAITING, help=HELP[key])
        for key, name in METRICS.items()
    )


def _card(name: str, reading: "Reading", *, pairs_shuffled: bool) -> Card:
    of_spectrum = "cross" in reading.values
    usual = "pairs shuffled" if of_spectrum and pairs_shuffled else "columns shuffled"
    control = " and ".join(short(value) for value in reading.control.values())
    named = CONTROLS.get(reading.key, usual) or next(iter(reading.control))
    return Card(
        label=name,
        numbers=tuple(Number(short(value), what) for what, value in reading.values.items()),
        below=f"{named}: {control}",
        help=HELP[reading.key],
    )


def short(value: float) -> str:
    """Return a metric with as many digits as one compares by.

    >>> short(153.2), short(15.93), short(0.2508), short(-0.0001), short(float("nan"))
    ('153', '15.9', '0.25', '0.00', '–')
    """
    if math.isnan(value):  # not defined for this spectrum
        return "–"
    size = abs(value)
    text = f"{size:.0f}" if size >= 99.95 else f"{size:.1f}" if size >= 9.995 else f"{size:.2f}"
    return f"−{text}" if value < 0 and float(text) else text

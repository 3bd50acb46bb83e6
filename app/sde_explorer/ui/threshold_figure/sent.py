"""What the browser gets of a figure with thresholds: spectra in full precision, thresholds, a band around them."""

import base64
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures import palette

if TYPE_CHECKING:
    from sde_core.partition import Bands

Floats = npt.NDArray[np.float64]


class Overlay(Protocol):
    """A band around a spectrum.

    Attributes:
        name: what it is of, in words.
        low: (k,) lower end by rank; as long as the spectrum, or shorter.
        high: (k,) upper end.
        is_chance: whether it is what chance gives, and not how far the spectrum moves.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def low(self) -> Floats: ...  # noqa: D102
    @property
    def high(self) -> Floats: ...  # noqa: D102
    @property
    def is_chance(self) -> bool: ...  # noqa: D102


def figure_data(
    reports: "list[Bands]",
    overlays: Mapping[str, Overlay],
    *,
    factors: tuple[float, float],
    axes: tuple[str, str, str],
    alt: str,
    name: str,
    names: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the data of the component.

    Args:
        reports: one panel each; only their own thresholds are sent, the moved ones are made in the browser.
        overlays: by modality.
        factors: noise and strong threshold as multiples of the rule's.
        axes: unit, scale of the ranks, scale of the values.
        alt: the figure in words.
        name: of saved files, without an ending.
        names: of the directions, by modality.
    """
    unit, xscale, yscale = axes
    cross = any(not report.has_law for report in reports)
    return {
        "panels": [
            panel_data(report, overlays.get(report.modality))
            | {"names": list(names.get(report.modality, ()))}
            for report in reports
        ],
        "factors": {"noise": factors[0], "strong": factors[1]},
        "unit": unit,
        "xscale": xscale,
        "yscale": yscale,
        "what": "singular value of the cross-covariance" if cross else "singular value",
        "colours": palette.BAND,
        "alt": alt,
        "name": name,
    }


def panel_data(report: "Bands", overlay: Overlay | None = None) -> dict[str, Any]:
    """Return what the browser cuts into bands: values, the rule's own thresholds or labels, and what is around them."""
    cuts = math.isfinite(report.own_tau_noise) and math.isfinite(report.own_tau_strong)
    rows = f"{report.shape[0]:,}"
    return {
        "name": report.modality,
        "title": report.modality if report.has_law else "image × text",
        "size": f"{rows} × {report.shape[1]}" if report.has_law else f"{rows} pairs",
        "values": encoded(report.values),
        "own": {"noise": report.own_tau_noise, "strong": report.own_tau_strong} if cuts else None,
        "labels": None if cuts else report.labels.tolist(),
        "overlay": None if overlay is None else _overlay(report, overlay),
    }


def _overlay(report: "Bands", overlay: Overlay) -> dict[str, str]:
    colour = palette.LAW if overlay.is_chance else palette.KIND[report.modality]
    return {
        "name": overlay.name,
        "low": encoded(overlay.low),
        "high": encoded(overlay.high),
        "colour": colour,
    }


def encoded(values: Floats) -> str:
    """Return numbers as base64 of their doubles, least byte first: exact, and short."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f8").tobytes()).decode()


assert tuple(palette.BAND) == BANDS, "the browser counts bands in this order"

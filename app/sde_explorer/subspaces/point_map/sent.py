"""What the browser gets of a map of many points: two bytes a coordinate and one for the colour."""

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sde_explorer.ui.figures import palette

if TYPE_CHECKING:
    from sde_explorer.subspaces.numbers.maps import Colours

Floats = npt.NDArray[np.float32]
STEPS = 255
"""Colours of an amount; byte 255 is what is not known."""


def point_data(flat: Floats, colours: "Colours", picked: "npt.NDArray[np.bool_] | None") -> dict[str, Any]:
    """Return places, colours and marks of all points, each with a digest: what stayed the same is not drawn anew.

    Args:
        flat: (p, 2) where the points lie; rounded to 1/65535 of the width and the height.
        colours: of the points.
        picked: (p,) points that are picked; None picks nobody.
    """
    low, high = flat.min(axis=0), flat.max(axis=0)
    width = np.where(high > low, high - low, 1)
    places = np.round((flat - low) / width * 65535).astype("<u2")
    bytes_, shown, legend = _colours(colours)
    marks = np.packbits(picked, bitorder="little") if picked is not None else np.zeros(0, np.uint8)
    return {
        "n": len(flat),
        "places": packed(places.T.copy()),
        "colours": {**packed(bytes_), "palette": shown},
        "picked": {**packed(marks), "count": int(picked.sum()) if picked is not None else 0},
        "legend": legend,
    }


def packed(array: npt.NDArray[Any]) -> dict[str, str]:
    """Return an array's bytes as base64, with a digest."""
    content = array.tobytes()
    return {"of": hashlib.sha256(content).hexdigest()[:16], "base64": base64.b64encode(content).decode()}


def _colours(colours: "Colours") -> tuple[npt.NDArray[np.uint8], list[str], dict[str, Any]]:
    """Return a byte for each point, the colour of each byte, and what the legend says."""
    if colours.numbers is None:
        assert colours.kind is not None
        shown = [
            palette.MODALITY.get(name) or palette.KINDS[i % len(palette.KINDS)]
            for i, name in enumerate(colours.kinds)
        ]
        kinds = [list(one) for one in zip(colours.kinds, shown, strict=True)]
        return colours.kind.astype(np.uint8), shown, {"title": colours.title, "kinds": kinds}
    numbers = colours.numbers
    known = numbers[np.isfinite(numbers)]
    is_share = colours.title.endswith(" energy")
    low = 0.0 if is_share or not len(known) else float(known.min())
    high = float(known.max()) if len(known) else 1.0
    steps = np.round(np.nan_to_num((numbers - low) / ((high - low) or 1.0)) * (STEPS - 1)).clip(0, STEPS - 1)
    shown = [*_amounts(), palette.STEP]
    ends = [f"{end:.0%}" if is_share else f"{end:.4g}" for end in (low, high)]
    bytes_ = np.where(np.isfinite(numbers), steps, STEPS).astype(np.uint8)
    return bytes_, shown, {"title": colours.title, "ends": ends, "gradient": [c for _, c in palette.AMOUNT]}


def _amounts() -> list[str]:
    """Return the 255 colours from little to much."""
    stops = np.array([float(stop) for stop, _ in palette.AMOUNT])  # type: ignore[arg-type]
    inks = np.array([[int(str(c)[i : i + 2], 16) for i in (1, 3, 5)] for _, c in palette.AMOUNT])
    at = np.linspace(0, 1, STEPS)
    mixed = np.stack([np.interp(at, stops, inks[:, i]) for i in range(3)], axis=1).round().astype(int)
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in mixed]

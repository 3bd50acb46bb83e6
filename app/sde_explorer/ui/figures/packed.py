"""Figures that write themselves down in one pass, arrays of numbers as plotly's typed arrays."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

_TYPES = {
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "float32": "f4",
    "float64": "f8",
}
"""That the browser's script reads, by numpy's names."""
_AS_THEY_ARE = frozenset({"geojson", "layer", "layers", "range"})
"""Properties that plotly never packs."""


class PackedFigure(go.Figure):  # type: ignore[misc]
    """A plotly figure whose dictionary is plotly's own, made in one pass.

    Plotly copies everything first, and then asks of every array whether it is a data frame of any of nine libraries:
    a third of the server's time for a view of three figures.
    """

    _plain_frames: list[dict[str, Any]] | None = None

    @property
    def frames(self) -> tuple[go.Frame, ...]:
        """The frames; plotly goes through them when somebody looks at them here, the page does not."""
        if self._plain_frames is not None:
            given, self._plain_frames = self._plain_frames, None
            go.Figure.frames.fset(self, given)
        found: tuple[go.Frame, ...] = go.Figure.frames.fget(self)
        return found

    @frames.setter
    def frames(self, given: Sequence[dict[str, Any]]) -> None:
        self._plain_frames = list(given)

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as plain values; arrays of numbers as base64."""
        found = {"data": _packed(self._data), "layout": _packed(self._layout)}
        frames = self._plain_frames
        if frames is None:
            frames = [frame._props for frame in self._frame_objs]
        if frames:
            found["frames"] = _packed(frames)
        return found


def _packed(value: Any) -> Any:  # noqa: ANN401  (what plotly takes)
    if isinstance(value, dict):
        return {
            name: _copied(each) if name in _AS_THEY_ARE else _packed(each) for name, each in value.items()
        }
    if isinstance(value, list | tuple):  # an array in a list stays one
        return [_packed(each) if isinstance(each, dict | list | tuple) else each for each in value]
    if isinstance(value, np.ndarray):
        return _typed(value)
    return value


def _copied(value: Any) -> Any:  # noqa: ANN401
    return list(value) if isinstance(value, list | tuple) else value


def _typed(array: np.ndarray[Any, Any]) -> Any:  # noqa: ANN401
    """Return an array of numbers as plotly's script reads it; integers in the fewest bytes, others as they are."""
    if not array.size:
        return array
    if array.dtype in (np.int64, np.uint64):
        sizes = (np.int8, np.int16, np.int32) if array.dtype == np.int64 else (np.uint8, np.uint16, np.uint32)
        low, high = array.min(), array.max()
        small = next(
            (kind for kind in sizes if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max), None
        )
        if small is None:
            return array
        array = array.astype(small)
    kind = _TYPES.get(str(array.dtype))
    if kind is None:
        return array
    made = {"dtype": kind, "bdata": base64.b64encode(array.tobytes()).decode("ascii")}
    return made | ({"shape": str(array.shape)[1:-1]} if array.ndim > 1 else {})

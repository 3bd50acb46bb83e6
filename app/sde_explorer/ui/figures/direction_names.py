"""Names of directions where the pointer rests on a figure of Plotly."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


def named(names: Sequence[str], count: int) -> "npt.NDArray[np.object_]":
    """Return the (count,) ``text`` of a trace of all directions; a template shows it by ``%{text}``.

    >>> named(["flags & faces", ""], 2).tolist(), named((), 1).tolist()
    (['<br><i>flags &amp; faces</i>', ''], [''])

    Args:
        names: of the directions, text and never markup; fewer leave the rest without.
        count: directions.
    """
    told = [f"<br><i>{escape(name).replace('%', '&#37;')}</i>" if name else "" for name in names[:count]]
    return np.array([*told, *[""] * (count - len(told))], dtype=object)

"""What every sink logs of a look: numbers and pictures under stable names."""

import math

import numpy as np
import numpy.typing as npt

from sde_core.errors import ConfigError
from sde_core.training.monitoring.look import Look
from sde_core.vocabulary import MODALITIES

PREFIX = "sde/"
MOST_COLUMNS = 256
"""Looks of a waterfall; beyond, every second one goes."""
_GREW, _SAME, _SHRANK = np.array([[209, 73, 91], [240, 240, 240], [106, 63, 160]], np.float64)
_FULL = 3.0  # eight times, or an eighth
_LEAST_PIXELS = 256

Picture = npt.NDArray[np.uint8]


def scalars_of(look: Look) -> dict[str, float]:
    """Return the finite numbers of a look: "sde/image/effective_rank", "sde/gap/centroid" and so on."""
    return {f"{PREFIX}{name}": value for name, value in look.numbers().items() if math.isfinite(value)}


class Waterfalls:
    """The spectra of the looks so far as pictures: a column a look, a row a direction by rank."""

    def __init__(self) -> None:
        self._columns: dict[str, list[npt.NDArray[np.float32]]] = {}

    def with_look(self, look: Look) -> dict[str, Picture]:
        """Return (h, w, 3) pictures by name, such as "sde/image/waterfall": red grew since the first look.

        Args:
            look: that is added; of a modality that it lacks there is no picture.
        """
        made = {}
        for modality in MODALITIES:
            side = look.side(modality)
            if side is None or not len(side.values):
                continue
            columns = self._columns.setdefault(modality.value, [])
            columns.append(side.values)
            if len(columns) > MOST_COLUMNS:
                del columns[1::2]
            made[f"{PREFIX}{modality.value}/waterfall"] = _picture(columns)
        return made


def _picture(columns: list[npt.NDArray[np.float32]]) -> Picture:
    first = columns[0].astype(np.float64)
    values = np.zeros((len(first), len(columns)))
    for number, column in enumerate(columns):
        values[: len(column), number] = column[: len(first)]
    with np.errstate(divide="ignore"):
        change = np.clip(np.log2(values / first[:, None]), -_FULL, _FULL)[..., None] / _FULL
    shades = np.where(change > 0, _SAME + change * (_GREW - _SAME), _SAME - change * (_SHRANK - _SAME))
    times = [-(-_LEAST_PIXELS // n) for n in values.shape]  # small ones are drawn with larger squares
    pixels = shades.round().astype(np.uint8)
    return np.ascontiguousarray(pixels.repeat(times[0], axis=0).repeat(times[1], axis=1))


def needs(package: str, sink: str) -> ConfigError:
    """Return the error of a sink whose package is not installed."""
    return ConfigError(f"{sink} needs the package {package}: pip install {package}")

"""A series on disk: its looks as a run that `sde watch` and the Training view read, its points as JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sde_core.errors import DataError
from sde_core.files.text_file import finite, write_json
from sde_core.training.monitoring.look import Look
from sde_core.training.monitoring.record import PATTERN, read_looks
from sde_core.training.monitoring.writer import LooksWriter
from sde_core.training.series.measure import SeriesPoint

POINTS = "series.json"


def save_series(points: Sequence[SeriesPoint], folder: str | Path) -> Path:
    """Write the points and their looks, in place of those of a series that was there, and return the folder.

    Raises:
        DataError: the folder cannot be written.
    """
    target = Path(folder).expanduser()
    try:
        target.mkdir(parents=True, exist_ok=True)
        for old in target.glob(PATTERN):
            old.unlink()
        writer = LooksWriter(target)
        for point in points:
            writer.add(point.look)
        writer.close()
        write_json(target / POINTS, finite({"points": [point.as_dict() for point in points]}))
    except OSError as error:
        raise DataError(f"{target} must be a folder that can be written: {error.strerror}") from None
    return target


def read_points(folder: str | Path) -> tuple[SeriesPoint, ...]:
    """Return the points that `save_series` wrote, by step.

    Raises:
        DataError: the folder holds no series, or its parts do not belong together.
    """
    source = Path(folder).expanduser()
    try:
        plain = json.loads((source / POINTS).read_text("utf-8"))["points"]
        looks = {look.step: look for look in read_looks(source)}
        points = tuple(_point(each, looks[each["step"]]) for each in plain)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{source} must be a series that sde series wrote: its {POINTS} cannot be read, make it again"
        ) from None
    if len(points) < 2:
        raise DataError(f"{source} must hold a series of two checkpoints or more; it has {len(points)}")
    return points


def _point(plain: Mapping[str, Any], look: Look) -> SeriesPoint:
    return SeriesPoint(
        step=int(plain["step"]),
        look=look,
        recall=_numbers(plain["recall"]),
        cka=_numbers(plain["cka"]),
        angles={name: tuple(map(float, angles)) for name, angles in plain["angles"].items()},
        in_first_bands={name: _numbers(shares) for name, shares in plain["in_first_bands"].items()},
    )


def _numbers(plain: Mapping[str, Any]) -> dict[str, float]:
    """Return numbers by name; JSON has nothing for NaN."""
    return {name: math.nan if value is None else float(value) for name, value in plain.items()}

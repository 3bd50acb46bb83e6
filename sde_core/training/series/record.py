"""A series on disk: its looks as a run that `sde watch` and the Training view read, its points as JSON."""

from collections.abc import Sequence
from pathlib import Path

from sde_core.errors import DataError
from sde_core.files.text_file import finite, write_json
from sde_core.training.monitoring.record import PATTERN, LooksWriter
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

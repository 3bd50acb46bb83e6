"""A row of checkpoints as one object: made, or read again, whole."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sde_core.checks.brief import brief
from sde_core.checks.drawn import plotted
from sde_core.encoding import EncodeProgress
from sde_core.files.place import check_place
from sde_core.pairs.base import Pairs
from sde_core.training.monitoring.changes import DirectionEvent, direction_events
from sde_core.training.monitoring.look import Look
from sde_core.training.series.checkpoints import SeriesCheckpoint, find_checkpoints
from sde_core.training.series.encode import encode_series, load_series
from sde_core.training.series.measure import SeriesPoint, measure_series
from sde_core.training.series.record import read_points, save_series


@dataclass(frozen=True, slots=True, eq=False)
class CheckpointSeries:
    """The checkpoints of one training, each a look at the same pairs, all against the first.

    Attributes:
        folder: where it lies, with the embedding set of each checkpoint.
        points: of the checkpoints, two or more, by step.
    """

    folder: Path
    points: tuple[SeriesPoint, ...]

    __repr__ = brief
    plot = plotted

    @property
    def looks(self) -> tuple[Look, ...]:
        """What each checkpoint sees of the pairs: spectra, bands, ranks, gap, first directions."""
        return tuple(point.look for point in self.points)

    def events(self, *, first: int = 8) -> tuple[DirectionEvent, ...]:
        """Return which of the ``first`` directions were born, turned or faded from each checkpoint to the next."""
        return direction_events(self.looks, first=first)


def make_series(
    checkpoints: str | Path,
    pairs: Pairs,
    folder: str | Path,
    *,
    model: str | None = None,
    rule: str = "mp-iqr",
    device: str = "auto",
    progress: Callable[[SeriesCheckpoint, EncodeProgress], None] | None = None,
) -> CheckpointSeries:
    """Return the checkpoints of a training as one object; those that are new are encoded, measured and saved.

    Args:
        checkpoints: a folder or a pattern, as for `find_checkpoints`.
        pairs: the probe set.
        folder: of the series; what is encoded there already stays.
        model: architecture of checkpoints that do not say it, as for `load_encoder`.
        rule: the partition rule.
        device: "auto", "cpu", "cuda" or "cuda:N".
        progress: called after every batch.

    Raises:
        EncoderError: a checkpoint cannot be loaded.
        DataError: there are fewer than two checkpoints, the pairs cannot be used, or the folder cannot be written.
        ConfigError: ``rule`` is unknown.
    """
    found = find_checkpoints(checkpoints)
    encode_series(found, pairs, folder, model=model, device=device, progress=progress)
    steps = [checkpoint.step for checkpoint in found]
    points = measure_series(load_series(folder, found), steps, rule=rule)
    return CheckpointSeries(save_series(points, folder), points)


def read_series(folder: str | Path) -> CheckpointSeries:
    """Return the series that `make_series` or `sde series` wrote.

    Raises:
        DataError: there is none, or it cannot be read.
    """
    check_place(folder, "folder")
    place = Path(folder).expanduser()
    return CheckpointSeries(place, read_points(place))

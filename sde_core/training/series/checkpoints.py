"""Which checkpoints a training left, in its order."""

import re
from dataclasses import dataclass
from glob import glob, has_magic
from itertools import pairwise
from pathlib import Path

from sde_core.checks.brief import brief
from sde_core.encoders.folders import CHECKPOINT_SUFFIXES
from sde_core.errors import DataError


@dataclass(frozen=True, slots=True)
class SeriesCheckpoint:
    """One checkpoint.

    Attributes:
        step: the number in its name: an epoch or a step, as the trainer counts.
        path: a file, or a folder that `load_encoder` takes.
    """

    step: int
    path: Path

    __repr__ = brief

    @property
    def name(self) -> str:
        """Name without its suffix."""
        return self.path.stem if self.path.is_file() else self.path.name


def find_checkpoints(place: str | Path) -> tuple[SeriesCheckpoint, ...]:
    """Return the checkpoints of a training by the number in their names.

    Of an open_clip run the folder ``checkpoints``, or the run that holds it; of Hugging Face's Trainer the folder of
    its ``checkpoint-500``. What has no number, such as ``epoch_latest.pt``, is a copy of one that has, and left out.

    Args:
        place: a folder, or a pattern of files or folders such as "logs/run/checkpoints/epoch_*.pt".

    Raises:
        DataError: fewer than two are there, or two have the same number.
    """
    pattern = str(Path(place).expanduser())
    found = [Path(path) for path in glob(pattern)] if has_magic(pattern) else _in_folder(Path(pattern))
    numbered = [
        SeriesCheckpoint(int(number[-1]), path) for path in found if (number := re.findall(r"\d+", path.stem))
    ]
    numbered.sort(key=lambda each: each.step)
    if len(numbered) < 2:
        raise DataError(
            f"{place} must hold at least two checkpoints with a number in their names; {len(numbered)} are there: name "
            'the folder or a pattern such as "checkpoints/epoch_*.pt"'
        )
    for first, second in pairwise(numbered):
        if first.step == second.step:
            raise DataError(
                f"checkpoints must have different numbers; {first.path.name} and {second.path.name} have the same: "
                "name one kind of file by a pattern"
            )
    return tuple(numbered)


def _in_folder(folder: Path) -> list[Path]:
    folder = folder / "checkpoints" if (folder / "checkpoints").is_dir() else folder
    entries = list(folder.iterdir()) if folder.is_dir() else []
    files = [path for path in entries if path.is_file() and path.suffix in CHECKPOINT_SUFFIXES]
    return files or [path for path in entries if path.is_dir()]

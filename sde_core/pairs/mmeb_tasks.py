"""MMEB's layout: a folder of tasks; rows with a query and its candidates, the first of which is right.

A row has `qry_text`, `qry_img_path`, `tgt_text` and `tgt_img_path`; the last two are lists of one length, or an
empty text where the candidates have none. Images lie below a folder `images` or `eval_images` beside the tasks.
"""

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sde_core.checks.brief import brief
from sde_core.errors import DataError
from sde_core.pairs.base import Skipped
from sde_core.pairs.folder_tree import FolderTree
from sde_core.pairs.limits import MAX_CAPTION_CHARACTERS
from sde_core.pairs.mmeb_rows import COLUMNS, SUFFIXES, Row, has_columns, read_rows

IMAGE_FOLDERS = ("images", "eval_images")
IMAGE_TOKEN = "<|image_1|>"
"""Where the image stands in a text, for models that read both as one sequence; left out here."""

# A folder of images is not walked through in search of rows: a benchmark has tens of tasks of some files.
_MOST_FOLDERS, _MOST_FILES = 200, 1000

_PART = re.compile(r"(test|\d+)(-\d+-of-\d+)?\.(parquet|jsonl)")


@dataclass(frozen=True, slots=True)
class Side:
    """A query or a candidate.

    Attributes:
        text: "" if it has none.
        image: path of the image below the folder of images; "" if it has none.
    """

    text: str
    image: str

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MMEBTask:
    """One task, read whole: texts and paths, no image.

    Attributes:
        name: such as "MSCOCO_i2t".
        rows: number of each usable query's row in the files.
        queries: usable queries.
        candidates: the distinct candidates of all queries.
        candidates_of: for each query the positions of its candidates, the right one first, none twice.
        n_broken: rows that cannot be used.
        skipped: those, and candidates left out, with their reasons.
    """

    name: str
    rows: tuple[int, ...]
    queries: tuple[Side, ...]
    candidates: tuple[Side, ...]
    candidates_of: tuple[npt.NDArray[np.int64], ...]
    n_broken: int
    skipped: tuple[Skipped, ...]

    __repr__ = brief


class MMEB:
    """The tasks in a folder; opening it reads names, and the columns of the first file.

    Args:
        folder: with a folder or a file (.parquet, .jsonl) for each task, or of one task.
        images: where the paths of images start; default is the folder `images` or `eval_images` in ``folder``
            or beside it, else ``folder``.

    Attributes:
        label: what sentences call it.
        pictures: the files below ``images``.

    Raises:
        DataError: no such folder, no task in it, or other columns.
    """

    def __init__(self, folder: str | Path, images: str | Path | None = None) -> None:
        root = Path(folder).expanduser()
        if not root.is_dir():
            raise DataError(f"{folder} must be a folder of MMEB tasks; there is no such folder")
        self.label = str(folder)
        self._tree = FolderTree(root)
        self._files = _task_files(self._tree)
        _check_columns(self._tree, self._files, self.label)
        where = _image_folder(root) if images is None else Path(images).expanduser()
        if not where.is_dir():
            raise DataError(f"images must be the folder of MMEB's pictures; there is no folder {images}")
        self.pictures = FolderTree(where)
        self._last: MMEBTask | None = None

    def __repr__(self) -> str:
        """Return one line: the folder and how many tasks it has."""
        return brief(self, folder=self.label, tasks=len(self._files))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tasks, sorted."""
        return tuple(self._files)

    def task(self, name: str) -> MMEBTask:
        """Return one task; broken rows are left out and listed. The task read last is kept.

        Raises:
            DataError: there is no such task, or none of its files can be read.
        """
        if name not in self._files:
            raise DataError(f"the task must be one of {', '.join(self.names)}; got {name!r}")
        if self._last is not None and self._last.name == name:
            return self._last
        found = _Collected(name)
        number, problems = 0, []
        for file in self._files[name]:
            try:
                for row in read_rows(self._tree, file):
                    found.add(number, row)
                    number += 1
            except DataError as error:
                problems.append(Skipped(file, str(error)))
        if problems and not found.rows:
            raise DataError(problems[0].reason)
        self._last = found.task(problems)
        return self._last

    def files(self) -> list[str]:
        """Return the names of all files with rows."""
        return [name for names in self._files.values() for name in names]

    @property
    def tree(self) -> FolderTree:
        """The folder with the tasks."""
        return self._tree


class _Collected:
    """Queries and distinct candidates while the rows of a task are read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[int] = []
        self._queries: list[Side] = []
        self._candidates: dict[Side, int] = {}
        self._candidates_of: list[npt.NDArray[np.int64]] = []
        self._skipped: list[Skipped] = []
        self._n_broken = 0

    def add(self, number: int, row: Row | DataError) -> None:
        try:
            if isinstance(row, DataError):
                raise row
            query = _side(row.query_text, row.query_image, "its query")
            targets = self._targets(number, row)
        except DataError as error:
            self._n_broken += 1
            self._skipped.append(Skipped(f"{self.name}, row {number}", str(error)))
            return
        self.rows.append(number)
        self._queries.append(query)
        places = [self._candidates.setdefault(side, len(self._candidates)) for side in targets]
        self._candidates_of.append(np.array(places, dtype=np.int64))

    def _targets(self, number: int, row: Row) -> list[Side]:
        """Return the usable candidates, the right one first, each once."""
        found: dict[Side, None] = {}
        for place, (text, image) in enumerate(row.targets):
            what = "its right candidate" if place == 0 else f"candidate {place}"
            try:
                found[_side(text, image, what)] = None
            except DataError as error:
                if place == 0:
                    raise
                self._skipped.append(Skipped(f"{self.name}, row {number}, {what}", str(error)))
        if len(found) < 2:
            raise DataError("it has no wrong candidate: there is nothing to choose from")
        return list(found)

    def task(self, problems: list[Skipped]) -> MMEBTask:
        return MMEBTask(
            name=self.name,
            rows=tuple(self.rows),
            queries=tuple(self._queries),
            candidates=tuple(self._candidates),
            candidates_of=tuple(self._candidates_of),
            n_broken=self._n_broken,
            skipped=(*problems, *self._skipped),
        )


def is_mmeb(tree: FolderTree) -> bool:
    """Return whether a folder holds MMEB's tasks: a task's file has their columns."""
    try:
        _check_columns(tree, _task_files(tree), tree.label)
    except DataError:
        return False
    return True


def _check_columns(tree: FolderTree, tasks: dict[str, list[str]], label: str) -> None:
    """Refuse a folder where no task begins with a file of rows; the reason is that of the first."""
    problem = f"{label} must hold MMEB tasks ({', '.join(SUFFIXES)}); it has none"
    for number, names in enumerate(tasks.values()):
        try:
            if has_columns(tree, names[0]):
                return
            reason = f"{label}/{names[0]} must have the columns {', '.join(COLUMNS)}; it has not"
        except DataError as error:
            reason = str(error)
        problem = reason if number == 0 else problem
    raise DataError(problem)


def _side(text: str, image: str, what: str) -> Side:
    plain = text.replace(IMAGE_TOKEN, "").strip()
    if len(plain) > MAX_CAPTION_CHARACTERS:
        raise DataError(
            f"{what} has a text of {len(plain):,} characters; at most {MAX_CAPTION_CHARACTERS:,} are read"
        )
    if not plain and not image.strip():
        raise DataError(f"{what} has neither text nor picture")
    return Side(plain, image.strip())


def _task_files(tree: FolderTree) -> dict[str, list[str]]:
    """Return the files of every task by its name: folders with files, files beside each other, or one task."""
    top = sorted(tree.top())
    tasks: dict[str, list[str]] = {}
    folders = [name for name in top if name.endswith("/") and name[:-1] not in IMAGE_FOLDERS]
    for name in folders[:_MOST_FOLDERS]:
        inner = [*_tables(tree, name), *_tables(tree, f"{name}test/")]
        if inner:
            tasks[name[:-1]] = inner
    for name in top:
        if name.lower().endswith(SUFFIXES) and not _PART.fullmatch(name):
            tasks[name.rpartition(".")[0]] = [name]
    own = [name for name in top if _PART.fullmatch(name)]
    return dict(sorted(tasks.items())) or ({tree.root.resolve().name: own} if own else {})


def _tables(tree: FolderTree, folder: str) -> list[str]:
    path = tree.root / folder
    if not path.is_dir():
        return []
    names = sorted(n for n in islice(FolderTree(path).top(), _MOST_FILES) if n.lower().endswith(SUFFIXES))
    parts = [n for n in names if _PART.fullmatch(n)]
    return [folder + name for name in parts or names]


def _image_folder(root: Path) -> Path:
    places = [place / name for place in (root, root.resolve().parent) for name in IMAGE_FOLDERS]
    return next((place for place in places if place.is_dir()), root)

"""MMEB's tasks as pairs: the image of a query with the text of its right candidate, or the other way round.

For exploring only; MMEB's own score, over queries and candidates, is `sde_core.mmeb.evaluate_mmeb`.
"""

from collections.abc import Iterator
from functools import cached_property, partial

from sde_core.errors import DataError
from sde_core.pairs.base import Pair, Pairs, Skipped
from sde_core.pairs.fields import clean_captions
from sde_core.pairs.fingerprint import ends_digest
from sde_core.pairs.folder_tree import FolderTree
from sde_core.pairs.mmeb_rows import COLUMNS
from sde_core.pairs.mmeb_tasks import MMEB, MMEBTask, Side, is_mmeb
from sde_core.pairs.source import Source

LOOKS_FOR = f"a folder of MMEB tasks (parquet or JSON lines with {', '.join(COLUMNS)})"


def detects(source: Source) -> bool:
    """Return whether ``source`` is a folder of MMEB's tasks, or of one."""
    return isinstance(source.tree, FolderTree) and is_mmeb(source.tree)


def open_source(source: Source) -> "MMEBPairs":
    """Return the pairs of the tasks in a folder.

    Raises:
        DataError: it is not a folder, or holds no tasks.
    """
    return MMEBPairs(MMEB(source.path), source.uri)


class MMEBPairs(Pairs):
    """One pair a query whose image and right text, or text and right image, belong together.

    Args:
        tasks: where they come from.
        uri: what the user called the set.
    """

    def __init__(self, tasks: MMEB, uri: str) -> None:
        self._tasks, self._uri = tasks, uri
        self._skipped: dict[str, Skipped] = {}

    @property
    def uri(self) -> str:
        """What to hand to `open_pairs` to open the same set again."""
        return self._uri

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of the tasks' files."""
        return ends_digest(self._tasks.tree, self._tasks.files())

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Items left out so far, with their reasons; complete after one whole iteration."""
        return tuple(self._skipped.values())

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs task by task; what cannot be used is added to `skipped`."""
        for name in self._tasks.names:
            try:
                task = self._tasks.task(name)
            except DataError as error:
                self._skipped[name] = Skipped(name, str(error))
                continue
            self._skipped |= {skipped.item: skipped for skipped in task.skipped}
            for number in range(len(task.queries)):
                try:
                    yield self._pair(task, number)
                except DataError as error:
                    item = _id(task, number)
                    self._skipped[item] = Skipped(item, str(error))

    @property
    def remarks(self) -> tuple[str, ...]:
        """Which names of images differ from those of their files in case."""
        return self._tasks.pictures.spellings.remarks

    @property
    def n_items(self) -> int:
        """Number of queries, whether they make a pair or not; reads every task."""
        return self._n_queries

    def find(self, pair_id: str) -> Pair:
        """Return the pair with this id; reads its task.

        Raises:
            DataError: there is none, or it is broken.
        """
        name, _, row = pair_id.rpartition("/")
        if name in self._tasks.names:
            task = self._tasks.task(name)
            for number, given in enumerate(task.rows):
                if row == str(given):
                    return self._pair(task, number)
        raise DataError(f"pair_id must be in {self.uri}; got {pair_id!r}")

    @cached_property
    def _n_queries(self) -> int:
        total = 0
        for name in self._tasks.names:
            try:
                total += len(self._tasks.task(name).queries)
            except DataError:
                continue  # iterating says so
        return total

    def _pair(self, task: MMEBTask, number: int) -> Pair:
        query, right = task.queries[number], task.candidates[task.candidates_of[number][0]]
        image, text = _image_and_text(query, right)
        pictures = self._tasks.pictures
        name = pictures.meant(pictures.inside(image))
        pictures.size(name)  # says so if the file is missing or must not be read
        return Pair(
            id=_id(task, number),
            captions=clean_captions([text]),
            read_image=partial(pictures.read, name),
            metadata={"task": task.name},
        )


def _id(task: MMEBTask, number: int) -> str:
    return f"{task.name}/{task.rows[number]}"


def _image_and_text(query: Side, right: Side) -> tuple[str, str]:
    """Return the image of one side with the text of the other."""
    if query.image and right.text:
        return query.image, right.text
    if right.image and query.text:
        return right.image, query.text
    raise DataError("no picture on one side with a text on the other")

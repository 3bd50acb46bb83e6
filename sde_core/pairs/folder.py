"""A folder of pictures, each with its captions beside it: `a.jpg` with `a.txt`, one caption a line, or `a.json`.

Folders below count too; img2dataset's output "files" is one of these. Nothing is held but the names of one folder.
"""

import hashlib
from collections.abc import Iterator
from functools import cached_property, partial
from itertools import islice

from sde_core.errors import DataError
from sde_core.pairs.base import Pair, Pairs, Skipped
from sde_core.pairs.fields import (
    caption_text,
    clean_captions,
    clean_id,
    json_record,
    record_captions,
    record_metadata,
)
from sde_core.pairs.img2dataset import failed_rows
from sde_core.pairs.limits import MAX_ROW_BYTES
from sde_core.pairs.member_names import IMAGE_SUFFIXES
from sde_core.pairs.source import Source
from sde_core.pairs.tree import Tree

LOOKS_FOR = "a folder of pictures with captions beside them (a.jpg with a.txt or a.json)"

_SIDECARS = (".txt", ".json")


class FolderPairs(Pairs):
    """Pairs of pictures and caption files; a pair's id is its name without suffix.

    Args:
        tree: the files.
        uri: what the user called the set.
    """

    def __init__(self, tree: Tree, uri: str) -> None:
        self._tree, self._uri = tree, uri
        self._skipped: dict[str, Skipped] = {}

    @property
    def uri(self) -> str:
        """What to hand to `open_pairs` to open the same set again."""
        return self._uri

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of the names and sizes of all pictures and of the content of all caption files."""
        digest = hashlib.sha256()
        for folder, names in self._tree.folders():
            for name in names:
                path = folder + name
                digest.update(f"{path}:{self._tree.stamp(path)}\n".encode("utf-8", "surrogateescape"))
                if name.lower().endswith(_SIDECARS) and self._tree.size(path) <= MAX_ROW_BYTES:
                    digest.update(self._tree.read(path, MAX_ROW_BYTES))
        return digest.hexdigest()

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Items left out so far, with their reasons; complete after one whole iteration."""
        return self._tree.refused() + tuple(self._skipped.values())

    def __iter__(self) -> Iterator[Pair]:
        """Yield usable pairs folder by folder, by name; a broken one is added to `skipped`."""
        for folder, names in self._tree.folders():
            pictures = dict(_pictures(names))
            for stem, name in _pictures(names):
                if pictures[stem] != name:
                    self._skip(folder + name, f"its id {folder + stem!r} is that of {pictures[stem]}, too")
                    continue
                try:
                    yield self._pair(folder + stem, folder + name)
                except DataError as error:
                    self._skip(folder + name, str(error))
            for name in names:
                if name.lower().endswith(".txt") and _stem(name) not in pictures:
                    self._skip(folder + name, "no picture of that name lies beside it")
            if folder:
                for failed in failed_rows(self._tree, folder):
                    self._skip(failed.item, failed.reason)

    @property
    def n_items(self) -> int:
        """Number of pictures with a name of their own, whether usable or not; lists every folder."""
        return sum(len(dict(_pictures(names))) for _, names in self._tree.folders())

    def find(self, pair_id: str) -> Pair:
        """Return the pair with this id.

        Raises:
            DataError: there is none, or it is broken.
        """
        for suffix in sorted(IMAGE_SUFFIXES, reverse=True):
            for name in (f"{pair_id}.{suffix}", f"{pair_id}.{suffix.upper()}"):
                if self._tree.has(name):
                    return self._pair(pair_id, name)
        raise DataError(f"pair_id must be in {self.uri}; got {pair_id!r}")

    def _pair(self, pair_id: str, picture: str) -> Pair:
        captions, metadata = self._described(clean_id(pair_id))
        if self._tree.size(picture) == 0:
            raise DataError("the picture is empty")
        return Pair(
            id=pair_id, captions=captions, read_image=partial(self._tree.read, picture), metadata=metadata
        )

    def _described(self, stem: str) -> tuple[tuple[str, ...], dict[str, str | int | float | bool]]:
        """Return captions and metadata of the files beside a picture."""
        text, data = (stem + suffix for suffix in _SIDECARS)
        record = json_record(self._tree.read(data, MAX_ROW_BYTES)) if self._tree.has(data) else {}
        if self._tree.has(text):
            captions = caption_text(self._tree.read(text, MAX_ROW_BYTES)).split("\n")
        elif record:
            captions = record_captions(record)
        else:
            raise DataError(f"no caption: neither {text} nor {data} lies beside it")
        return clean_captions(captions), record_metadata(record)

    def _skip(self, item: str, reason: str) -> None:
        self._skipped[item] = Skipped(item, reason)


def detects(source: Source) -> bool:
    """Return whether one of the first folders holds a picture with a caption file beside it."""
    if source.tree is None:
        return False
    try:
        for _, names in islice(source.tree.folders(), 20):
            present = {name.lower() for name in names}
            if any(
                f"{stem}{suffix}".lower() in present for stem, _ in _pictures(names) for suffix in _SIDECARS
            ):
                return True
    except DataError:
        pass
    return False


def open_source(source: Source) -> FolderPairs:
    """Return the pairs of a folder of pictures.

    Raises:
        DataError: it is not a folder, or holds no pictures.
    """
    if source.tree is None:
        raise DataError(f"{source.uri} must be a folder of pictures; it is none")
    if not any(True for _, names in source.tree.folders() for _ in _pictures(names)):
        raise DataError(f"{source.uri} must hold pictures with captions beside them; it holds no picture")
    return FolderPairs(source.tree, source.uri)


def _pictures(names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield stem and name of every picture."""
    for name in names:
        stem, dot, suffix = name.rpartition(".")
        if dot and stem and suffix.lower() in IMAGE_SUFFIXES:
            yield stem, name


def _stem(name: str) -> str:
    return name.rpartition(".")[0]

"""A folder of pictures, each with its captions beside it: `a.jpg` with `a.txt`, one caption a line, or `a.json`.

Folders below count too; img2dataset's output "files" is one of these. Nothing is held but the names of one folder.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property, partial
from itertools import islice
from threading import Lock

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
from sde_core.pairs.plain_table import table_suffix
from sde_core.pairs.source import Source
from sde_core.pairs.tree import Tree
from sde_core.vocabulary import MODALITIES, Modality

LOOKS_FOR = "a folder of pictures with captions beside them (a.jpg with a.txt or a.json)"

_PROBED = 64
_SIDECARS = (".txt", ".json")
_MAY_HOLD_CAPTIONS = (".parquet", ".tar", ".arrow")


class FolderPairs(Pairs):
    """Pairs of pictures and caption files; a pair's id is its name without suffix.

    Args:
        tree: the files.
        uri: what the user called the set.
    """

    def __init__(self, tree: Tree, uri: str) -> None:
        self._tree, self._uri = tree, uri
        self._skipped: dict[str, Skipped] = {}
        self._last: tuple[str, dict[str, str], dict[tuple[str, str], str]] | None = None
        self._lock = Lock()

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
            beside = _sidecars(names)
            for stem, name in _pictures(names):
                if pictures[stem] != name:
                    self._skip(folder + name, f"its id {folder + stem!r} is that of {pictures[stem]}, too")
                    continue
                try:
                    yield self._pair(folder, stem, name, beside)
                except DataError as error:
                    self._skip(folder + name, str(error))
            stems = {_composed(stem) for stem in pictures}
            for name in names:
                if name.lower().endswith(".txt") and _composed(_stem(name)) not in stems:
                    self._skip(folder + name, "no picture of that name lies beside it")
            if folder:
                for failed in failed_rows(self._tree, folder):
                    self._skip(failed.item, failed.reason)

    @property
    def n_items(self) -> int:
        """Number of pictures with a name of their own, whether usable or not; lists every folder."""
        return sum(len(dict(_pictures(names))) for _, names in self._tree.folders())

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """Pictures and captions; pictures only, if there is no caption file and no caption in the first JSON files."""
        return MODALITIES if self._has_captions else (Modality.IMAGE,)

    def find(self, pair_id: str) -> Pair:
        """Return the pair with this id.

        Raises:
            DataError: there is none, or it is broken.
        """
        folder, slash, stem = pair_id.rpartition("/")
        pictures, beside = self._names(folder + slash)
        if stem not in pictures:
            stem = next((known for known in pictures if _composed(known) == _composed(stem)), stem)
        if stem in pictures:
            return self._pair(folder + slash, stem, pictures[stem], beside)
        raise DataError(f"pair_id must be in {self.uri}; got {pair_id!r}")

    def _names(self, folder: str) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
        """Return pictures and caption files of one folder; that of the last is kept."""
        with self._lock:
            if self._last is None or self._last[0] != folder:
                names = self._tree.names(folder)
                self._last = folder, dict(_pictures(names)), _sidecars(names)
            return self._last[1:]

    @cached_property
    def _has_captions(self) -> bool:
        """Whether there is a text file, or a caption in a first JSON file, which img2dataset always writes."""
        looked_at = 0
        for folder, names in self._tree.folders():
            for (_, suffix), name in _sidecars(names).items():
                if suffix == ".txt":
                    return True
                if looked_at < _PROBED:
                    looked_at += 1
                    with suppress(DataError):
                        if any(record_captions(json_record(self._tree.read(folder + name, MAX_ROW_BYTES)))):
                            return True
        return False

    def _pair(self, folder: str, stem: str, name: str, beside: Mapping[tuple[str, str], str]) -> Pair:
        pair_id, picture = clean_id(folder + stem), folder + name
        captions, metadata = self._described(folder, stem, beside)
        if self._tree.size(picture) == 0:
            raise DataError("the picture is empty")
        return Pair(
            id=pair_id, captions=captions, read_image=partial(self._tree.read, picture), metadata=metadata
        )

    def _described(
        self, folder: str, stem: str, beside: Mapping[tuple[str, str], str]
    ) -> tuple[tuple[str, ...], dict[str, str | int | float | bool]]:
        """Return captions and metadata of the files beside a picture."""
        text, data = (beside.get((_composed(stem), suffix)) for suffix in _SIDECARS)
        record = json_record(self._tree.read(folder + data, MAX_ROW_BYTES)) if data else {}
        if text:
            captions = caption_text(self._tree.read(folder + text, MAX_ROW_BYTES)).split("\n")
        elif record or not self._has_captions:
            captions = record_captions(record)
        else:
            wanted = " nor ".join(folder + stem + suffix for suffix in _SIDECARS)
            raise DataError(f"no caption: neither {wanted} lies beside it")
        return clean_captions(captions, needed=self._has_captions), record_metadata(record)

    def _skip(self, item: str, reason: str) -> None:
        self._skipped[item] = Skipped(item, reason)


def detects(source: Source) -> bool:
    """Return whether one of the first folders holds a picture with a caption file beside it."""
    if source.tree is None:
        return False
    try:
        for _, names in islice(source.tree.folders(), 20):
            present = {_composed(name.lower()) for name in names}
            if any(
                _composed(f"{stem}{suffix}".lower()) in present
                for stem, _ in _pictures(names)
                for suffix in _SIDECARS
            ):
                return True
    except DataError:
        pass
    return False


def detects_one(source: Source) -> bool:
    """Return whether it is a folder of pictures without captions: taken where nothing else recognises it.

    A table, shard or parquet file beside the pictures may hold the captions: then its own reader has to say more.
    """
    if source.tree is None:
        return False
    try:
        if any(table_suffix(n) or n.lower().endswith(_MAY_HOLD_CAPTIONS) for n in source.tree.top()):
            return False
        return any(True for _, names in islice(source.tree.folders(), 20) for _ in _pictures(names))
    except DataError:
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


def _sidecars(names: list[str]) -> dict[tuple[str, str], str]:
    """Return (composed stem, suffix in lower case) -> name of every caption file."""
    split = ((name.rpartition("."), name) for name in names)
    return {
        (_composed(stem), dot + suffix.lower()): name
        for (stem, dot, suffix), name in split
        if dot + suffix.lower() in _SIDECARS
    }


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _stem(name: str) -> str:
    return name.rpartition(".")[0]

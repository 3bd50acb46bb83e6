"""A folder of images, each with its captions beside it: `a.jpg` with `a.txt`, one caption a line, or `a.json`.

Folders below count too; img2dataset's output "files" is one of these. Nothing is held but the names of one folder.
"""

import hashlib
from collections.abc import Iterator
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
    unknown_words,
)
from sde_core.pairs.img2dataset import failed_rows
from sde_core.pairs.left_out import are_others, remarks_on_left
from sde_core.pairs.limits import MAX_ROW_BYTES
from sde_core.pairs.one_modality import remark_on
from sde_core.pairs.plain_table import table_suffix
from sde_core.pairs.sidecars import (
    SIDECARS,
    TEXTS,
    Sidecars,
    chosen_pictures,
    composed,
    owners,
    pictures_in,
    record_of,
    sidecars_in,
    texts_of,
)
from sde_core.pairs.source import Source
from sde_core.pairs.tree import Tree
from sde_core.vocabulary import MODALITIES, Modality

LOOKS_FOR = "a folder of pictures with captions beside them (a.jpg with a.txt or a.json)"

_PROBED = 64
_FOLDERS = 20  # that are looked at for what a set is
_MAY_HOLD_CAPTIONS = (".parquet", ".tar", ".arrow")


class FolderPairs(Pairs):
    """Pairs of images and caption files; a pair's id is its name without suffix.

    Args:
        tree: the files.
        uri: what the user called the set.
    """

    def __init__(self, tree: Tree, uri: str) -> None:
        self._tree, self._uri = tree, uri
        self._skipped: dict[str, Skipped] = {}
        self._left: dict[str, str] = {}  # suffixes of captions that are not read -> an example
        self._other_captions = ""
        self._unknown: list[str] = []  # names of texts in a JSON, none of which is known as a caption
        self._last: tuple[str, dict[str, str], dict[tuple[str, str], str]] | None = None
        self._lock = Lock()

    @property
    def uri(self) -> str:
        """What to hand to `open_pairs` to open the same set again."""
        return self._uri

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of the names and sizes of all images and of the content of all caption files."""
        digest = hashlib.sha256()
        for folder, names in self._tree.folders():
            for name in names:
                path = folder + name
                digest.update(f"{path}:{self._tree.stamp(path)}\n".encode("utf-8", "surrogateescape"))
                if name.lower().endswith(SIDECARS) and self._tree.size(path) <= MAX_ROW_BYTES:
                    digest.update(self._tree.read(path, MAX_ROW_BYTES))
        return digest.hexdigest()

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Items left out so far, with their reasons; complete after one whole iteration."""
        return self._tree.refused() + tuple(self._skipped.values())

    def __iter__(self) -> Iterator[Pair]:
        """Yield usable pairs folder by folder, by name; a broken one is added to `skipped`."""
        for folder, names in self._tree.folders():
            pictures = chosen_pictures(names)
            beside = sidecars_in(names)
            for stem, name in pictures_in(names):
                if pictures[stem] != name:
                    self._skip(folder + name, f"its id {folder + stem!r} is that of {pictures[stem]}, too")
                    continue
                try:
                    yield self._pair(folder, stem, name, beside)
                except DataError as error:
                    self._skip(folder + name, str(error))
            stems = owners(pictures)
            for name in names:
                if name.lower().endswith(TEXTS) and composed(name.rpartition(".")[0]) not in stems:
                    self._skip(folder + name, "no picture of that name lies beside it")
            if folder:
                for failed in failed_rows(self._tree, folder):
                    self._skip(failed.item, failed.reason)

    @property
    def n_items(self) -> int:
        """Number of images with a name of their own, whether usable or not; lists every folder."""
        return sum(len(chosen_pictures(names)) for _, names in self._tree.folders())

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """Images and captions; images only, if there is no caption file and no caption in the first JSON files."""
        return MODALITIES if self._has_captions else (Modality.IMAGE,)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Which files of captions are left, and where captions may be that were not known as such."""
        unknown = remark_on(self.modalities, self._unknown, "field") if self._unknown else ()
        return (*self._elsewhere, *unknown, *remarks_on_left({}, self._left, self._other_captions))

    @cached_property
    def _elsewhere(self) -> tuple[str, ...]:
        """A sentence on tables in a set of images only, such as COCO's folder of annotations."""
        if self._has_captions:
            return ()
        tables = (
            folder + name
            for folder, names in islice(self._tree.folders(), _FOLDERS)
            for name in names
            if table_suffix(name) and composed(name.rpartition(".")[0]) not in owners(chosen_pictures(names))
        )
        found = list(islice(tables, 3))
        if not found:
            return ()
        return (
            f"Opened as pictures only; {', '.join(found)} may hold their captions: open that file, with the "
            "folder of the pictures as image_root.",
        )

    def find(self, pair_id: str) -> Pair:
        """Return the pair with this id.

        Raises:
            DataError: there is none, or it is broken.
        """
        folder, slash, stem = pair_id.rpartition("/")
        pictures, beside = self._names(folder + slash)
        if stem not in pictures:
            stem = next((known for known in pictures if composed(known) == composed(stem)), stem)
        if stem in pictures:
            return self._pair(folder + slash, stem, pictures[stem], beside)
        raise DataError(f"pair_id must be in {self.uri}; got {pair_id!r}")

    def _names(self, folder: str) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
        """Return images and caption files of one folder; that of the last is kept."""
        with self._lock:
            if self._last is None or self._last[0] != folder:
                names = self._tree.names(folder)
                self._last = folder, chosen_pictures(names), sidecars_in(names)
            return self._last[1:]

    @cached_property
    def _has_captions(self) -> bool:
        """Whether there is a text file, or a caption in a first JSON file, which img2dataset always writes."""
        looked_at = 0
        for folder, names in self._tree.folders():
            for (_, suffix), name in sidecars_in(names).items():
                if suffix in TEXTS:
                    return True
                if looked_at < _PROBED:
                    looked_at += 1
                    with suppress(DataError):
                        if any(record_captions(json_record(self._tree.read(folder + name, MAX_ROW_BYTES)))):
                            return True
        return False

    def _pair(self, folder: str, stem: str, name: str, beside: Sidecars) -> Pair:
        pair_id, picture = clean_id(folder + stem), folder + name
        captions, metadata = self._described(folder, stem, name, beside)
        if self._tree.size(picture) == 0:
            raise DataError("the picture is empty")
        return Pair(
            id=pair_id, captions=captions, read_image=partial(self._tree.read, picture), metadata=metadata
        )

    def _described(
        self, folder: str, stem: str, name: str, beside: Sidecars
    ) -> tuple[tuple[str, ...], dict[str, str | int | float | bool]]:
        """Return captions and metadata of the files beside an image."""
        texts, data = texts_of(stem, name, beside), record_of(stem, name, beside)
        record = json_record(self._tree.read(folder + data, MAX_ROW_BYTES)) if data else {}
        if texts:
            captions = caption_text(self._tree.read(folder + texts[0], MAX_ROW_BYTES)).split("\n")
            for left in texts[1:]:
                self._left.setdefault(left.rpartition(".")[2].lower(), folder + left)
            if not self._other_captions and are_others(captions, record_captions(record)):
                self._other_captions = folder + stem
        elif record or not self._has_captions:
            captions = record_captions(record)
            self._unknown = self._unknown or unknown_words(record)
        else:
            wanted = " nor ".join(folder + stem + suffix for suffix in (".txt", ".json"))
            raise DataError(f"no caption: neither {wanted} lies beside it")
        return clean_captions(captions, needed=self._has_captions), record_metadata(record)

    def _skip(self, item: str, reason: str) -> None:
        self._skipped[item] = Skipped(item, reason)


def detects(source: Source) -> bool:
    """Return whether one of the first folders holds an image with a caption file beside it."""
    if source.tree is None:
        return False
    try:
        for _, names in islice(source.tree.folders(), _FOLDERS):
            present = {composed(name.lower()) for name in names}
            if any(
                composed(f"{base}{suffix}".lower()) in present
                for item in pictures_in(names)
                for base in item
                for suffix in SIDECARS
            ):
                return True
    except DataError:
        pass
    return False


def detects_one(source: Source) -> bool:
    """Return whether it is a folder of images without captions: taken where nothing else recognises it.

    A table, shard or parquet file beside the images may hold the captions: then its own reader has to say more.
    """
    if source.tree is None:
        return False
    try:
        if any(table_suffix(n) or n.lower().endswith(_MAY_HOLD_CAPTIONS) for n in source.tree.top()):
            return False
        return any(True for _, names in islice(source.tree.folders(), _FOLDERS) for _ in pictures_in(names))
    except DataError:
        return False


def open_source(source: Source) -> FolderPairs:
    """Return the pairs of a folder of images.

    Raises:
        DataError: it is not a folder, or holds no images.
    """
    if source.tree is None:
        raise DataError(f"{source.uri} must be a folder of pictures; it is none")
    if not any(True for _, names in source.tree.folders() for _ in pictures_in(names)):
        raise DataError(f"{source.uri} must hold pictures with captions beside them; it holds no picture")
    return FolderPairs(source.tree, source.uri)


def why_no_captions(tree: Tree) -> str:
    """Return why text files beside images are no captions of theirs; "" where there are none."""
    with suppress(DataError):
        for folder, names in islice(tree.folders(), _FOLDERS):
            stem = next((stem for stem, _ in pictures_in(names)), None)
            text = next((name for name in names if name.lower().endswith(TEXTS)), None)
            if stem and text:
                return (
                    f"{folder}{text} has the name of no picture beside it: a file of captions is called as its "
                    f"picture, such as {stem}.txt, with a caption a line"
                )
    return ""

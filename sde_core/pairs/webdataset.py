"""WebDataset shards: tar files whose members share a key, `KEY.webp`, `KEY.txt`, `KEY.json`, `KEY.cls`.

Captions stand one a line in `KEY.txt` (as CLIP_benchmark writes them), or under "caption" or
"captions" in `KEY.json` (as img2dataset does). Shards may be gzip-compressed. Nothing is ever extracted to a path.
"""

import os
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from threading import Lock

from sde_core.errors import DataError
from sde_core.pairs.base import Classification, Pair, Pairs, Skipped
from sde_core.pairs.braces import expand_braces
from sde_core.pairs.fields import (
    caption_text,
    clean_captions,
    json_record,
    record_captions,
    record_metadata,
    unknown_words,
)
from sde_core.pairs.fingerprint import ends_digest
from sde_core.pairs.img2dataset import failed_rows
from sde_core.pairs.index import IdIndex
from sde_core.pairs.left_out import are_others, remarks_on_left
from sde_core.pairs.limits import MAX_PICTURE_BYTES, MAX_ROW_BYTES
from sde_core.pairs.one_modality import remark_on
from sde_core.pairs.open_shards import OpenShards
from sde_core.pairs.source import Source
from sde_core.pairs.tar_index import TarIndex, index_tar
from sde_core.pairs.tree import Tree
from sde_core.vocabulary import MODALITIES, Modality

_PROBED = 64
SHARD_SUFFIXES = (".tar", ".tar.gz", ".tgz")
LOOKS_FOR = "WebDataset shards (*.tar, *.tar.gz)"


class WebDatasetPairs(Pairs):
    """Pairs in one or more WebDataset shards.

    Args:
        tree: the files.
        shards: names of tar files in it, in reading order; one that is missing is listed among the skipped.
        uri: what the user called the set.
        classification: classes and prompts that came with the set; then a sample may have a class in place of
            a caption, and the name of the class is its caption.

    Raises:
        DataError: no shard is there.
    """

    def __init__(
        self, tree: Tree, shards: Sequence[str], uri: str, classification: Classification | None = None
    ) -> None:
        self.classification = classification
        self._tree, self._uri = tree, uri
        self._open = OpenShards(tree)
        self._skipped: dict[str, Skipped] = {}
        self._indices: dict[str, TarIndex] = {}
        self._ids_by_shard: dict[str, IdIndex] = {}  # while not every shard was read
        self._lock = Lock()
        self._unknown: list[str] = []  # names of texts in a JSON, none of which is known as a caption
        self._other_captions = ""  # the first sample whose JSON has others than its text
        self._shards = [shard for shard in shards if self._is_there(shard)]
        if not self._shards:
            missing = next(iter(self._skipped.values()), Skipped(uri, "there are no shards"))
            raise DataError(f"{uri} must name existing shards; {missing.reason}")

    @property
    def uri(self) -> str:
        """What to hand to `open_pairs` to open the same set again."""
        return self._uri

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of every shard's name, size, first and last 64 KiB; of its checksum inside an archive."""
        return ends_digest(self._tree, self._shards)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Items left out so far, with their reasons; complete after one whole iteration."""
        damaged = tuple(p for shard in self._shards for p in self._problems(shard))
        return self._tree.refused() + damaged + tuple(self._skipped.values())

    def __iter__(self) -> Iterator[Pair]:
        """Yield usable pairs shard by shard; a broken one is added to `skipped`."""
        seen: set[int] = set()
        for shard in self._shards:
            index = self._index(shard)
            for row, key in enumerate(index.keys):
                if hash(key) in seen:
                    self._skip(f"{key} ({shard})", "its id was there before")
                    continue
                seen.add(hash(key))
                try:
                    yield self._pair(index, row)
                except DataError as error:
                    self._skip(key, str(error))
            for failed in failed_rows(self._tree, shard):
                self._skip(failed.item, failed.reason)

    @property
    def n_items(self) -> int:
        """Number of distinct ids in the shards' indices, whether usable or not."""
        return self._ids.n_distinct()

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """Images and captions; images only, if the first samples have no caption."""
        return MODALITIES if self._has_captions else (Modality.IMAGE,)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Which of several images, or files of captions, are left, and whether a JSON's texts may be captions."""
        indices = self._indices.values()
        pictures = {suffix: name for index in indices for suffix, name in index.left.items()}
        texts = {suffix: name for index in indices for suffix, name in index.left_texts.items()}
        unknown = remark_on(self.modalities, self._unknown, "field") if self._unknown else ()
        return (*unknown, *remarks_on_left(pictures, texts, self._other_captions))

    def prepare_to_find(self) -> None:
        """Read nothing: `find` reads the index of a shard once, when it comes to it."""

    def find(self, pair_id: str) -> Pair:
        """Return the pair with this id.

        Raises:
            DataError: there is none, or it is broken.
        """
        pair_id = unicodedata.normalize("NFC", pair_id)
        found = self._found(pair_id)
        if found is None:
            raise DataError(f"pair_id must be in {self.uri}; got {pair_id!r}")
        return self._pair(*found)

    def _found(self, pair_id: str) -> tuple[TarIndex, int] | None:
        """Return the shard and the row of an id; a shard is first read where none before it holds the id."""
        if len(self._indices) == len(self._shards):
            for entry in self._ids.entries(pair_id)[:1]:
                for shard in self._shards:
                    index = self._index(shard)
                    if entry < len(index.keys):
                        return (index, entry) if index.keys[entry] == pair_id else None
                    entry -= len(index.keys)
            return None
        for shard in self._shards:
            index = self._index(shard)
            for row in self._ids_of(shard).entries(pair_id)[:1]:
                if index.keys[row] == pair_id:
                    return index, row
        return None

    def _ids_of(self, shard: str) -> IdIndex:
        if shard not in self._ids_by_shard:
            ids = IdIndex()
            for key in self._index(shard).keys:
                ids.add(key)
            self._ids_by_shard[shard] = ids
        return self._ids_by_shard[shard]

    @cached_property
    def _ids(self) -> IdIndex:
        ids = IdIndex()
        for shard in self._shards:
            for key in self._index(shard).keys:
                ids.add(key)
        return ids

    def _index(self, shard: str) -> TarIndex:
        """Return the index of a shard; one that cannot be read at all is empty, unless it is the only one."""
        with self._lock:
            if shard not in self._indices:
                try:
                    self._indices[shard] = index_tar(self._open, shard)
                except DataError as error:
                    if len(self._shards) == 1:
                        raise
                    self._indices[shard] = TarIndex(shard, problems=[Skipped(shard, str(error))])
            return self._indices[shard]

    def _problems(self, shard: str) -> Sequence[Skipped]:
        return self._indices[shard].problems if shard in self._indices else ()

    def _is_there(self, shard: str) -> bool:
        try:
            self._tree.size(shard)
        except DataError as error:
            self._skip(shard, str(error))
            return False
        return True

    def _pair(self, index: TarIndex, row: int) -> Pair:
        picture = index.span(row, "image")
        if picture is None:
            raise DataError("no picture")
        offset, size = picture
        if not 0 < size <= MAX_PICTURE_BYTES:
            raise DataError(f"the picture has {size:,} bytes" if size else "the picture is empty")
        record = self._record(index, row)
        label = self._label(index, row)
        return Pair(
            id=index.keys[row],
            captions=self._captions(index, row, record, label),
            read_image=partial(self._open.read, index.shard, offset, size),
            metadata=record_metadata(record) | label,
        )

    @cached_property
    def _has_captions(self) -> bool:
        """Whether one of the first samples has a caption; if none has, they are not needed."""
        if self.classification is not None:
            return True
        index = next((index for index in map(self._index, self._shards) if index.keys), None)
        if index is None or (index.is_damaged and len(index.keys) < _PROBED):
            return True  # the captions may lie where the shard is damaged
        for row in range(min(_PROBED, len(index.keys))):
            with suppress(DataError):
                text = self._member(index, row, "txt")
                if text is not None or record_captions(self._record(index, row)):
                    return True
        return False

    def _record(self, index: TarIndex, row: int) -> dict[str, object]:
        content = self._member(index, row, "json")
        return {} if content is None else json_record(content)

    def _label(self, index: TarIndex, row: int) -> dict[str, int]:
        content = self._member(index, row, "cls")
        if content is None:
            return {}
        text = content[:32].decode("ascii", "replace").strip()
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise DataError(f"its class must be a number from 0; got {text!r}")
        return {"label": int(text)}

    def _captions(
        self, index: TarIndex, row: int, record: dict[str, object], label: dict[str, int]
    ) -> tuple[str, ...]:
        content = self._member(index, row, "txt")
        if content is not None:
            captions = clean_captions(caption_text(content).split("\n"), needed=self._has_captions)
            if not self._other_captions and are_others(captions, record_captions(record)):
                self._other_captions = index.keys[row]
            return captions
        if not label or self.classification is None:
            self._unknown = self._unknown or unknown_words(record)
            return clean_captions(record_captions(record), needed=self._has_captions)
        names = self.classification.classnames
        if label["label"] >= len(names):
            raise DataError(f"its class {label['label']} must be one of the {len(names)} in classnames.txt")
        return clean_captions([names[label["label"]]])

    def _member(self, index: TarIndex, row: int, part: str) -> bytes | None:
        span = index.span(row, part)
        if span is None:
            return None
        if span[1] > MAX_ROW_BYTES:
            raise DataError(f"its {part} has {span[1]:,} bytes; at most {MAX_ROW_BYTES:,} are read")
        return self._open.read(index.shard, *span)

    def _skip(self, item: str, reason: str) -> None:
        self._skipped[item] = Skipped(item, reason)


def is_shard(name: str) -> bool:
    """Return whether a file is called a shard, in any case."""
    return name.lower().endswith(SHARD_SUFFIXES)


def detects(source: Source) -> bool:
    """Return whether ``source`` is a shard, a folder or archive with shards, or a pattern of shards."""
    if source.tree is not None:
        return any(is_shard(name) for name in source.tree.top())
    return is_shard(source.path.name) and bool(_named(source)[1])


def open_source(source: Source) -> WebDatasetPairs:
    """Return the pairs of one shard, of all shards in a folder, or of a pattern.

    Patterns are `test-*.tar` and, as webdataset writes them, `train-{000..010}.tar`.

    Raises:
        DataError: nothing there is a shard.
    """
    tree, shards = _named(source)
    if not shards:
        raise DataError(
            f"{source.uri} must name WebDataset shards ({', '.join(SHARD_SUFFIXES)}); there are none"
        )
    return WebDatasetPairs(tree, shards, source.uri)


def parts(source: Source) -> list[str]:
    """Return the names of the shards that ``source`` names, in reading order, whether they are there or not."""
    return _named(source)[1]


def open_part(source: Source, name: str) -> WebDatasetPairs:
    """Return the pairs of one shard of `parts`.

    Raises:
        DataError: it is not there; reading it says what else is wrong with it.
    """
    return WebDatasetPairs(_named(source)[0], [name], source.uri)


def _named(source: Source) -> tuple[Tree, list[str]]:
    """Return a tree and the names in it of the shards that ``source`` names."""
    if source.tree is not None:
        return source.tree, sorted(name for name in source.tree.top() if is_shard(name))
    paths: list[Path] = []
    is_name = source.path.is_file()  # braces in a name that is there are letters
    for name in [str(source.path)] if is_name else expand_braces(str(source.path)):
        path = Path(name)
        if "*" in path.name or "?" in path.name:
            paths += sorted(path.parent.glob(path.name))
        elif "{" in str(source.path) or path.is_file():
            paths.append(path)
    if not paths:
        return source.folder(source.path.parent), []
    folder = Path(os.path.commonpath([path.parent for path in paths]))
    return source.folder(folder), [path.relative_to(folder).as_posix() for path in paths]

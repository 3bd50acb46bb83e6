"""EmbeddingSet: vectors of pictures and captions, which belong together, and where they come from."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import DataError
from sde_core.pairs.base import Skipped
from sde_core.retrieval.links import Ints, as_links, grouped
from sde_core.sets.missing import are_row_numbers, what_is_missing

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where vectors come from; empty strings where that is not known.

    Attributes:
        pairs: what to hand to `open_pairs` for the pictures.
        pairs_fingerprint: digest of those files when they were encoded.
        encoder: what to hand to `load_encoder`.
        weights_sha256: digest of the encoder's weights.
        preprocessing: the encoder's own picture preprocessing, in words.
        precision: arithmetic of the encoder, such as "fp32".
        versions: packages that matter, such as "open_clip 3.3.0, torch 2.15.0".
        transform: what was done to the vectors after the encoder; "" is nothing.
    """

    pairs: str = ""
    pairs_fingerprint: str = ""
    encoder: str = ""
    weights_sha256: str = ""
    preprocessing: str = ""
    precision: str = ""
    versions: str = ""
    transform: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the fields by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, eq=False, kw_only=True)
class EmbeddingSet:
    """Pictures and captions as vectors; immutable, possibly memory-mapped.

    A caption that several pictures share is one row of ``text``; ``links`` says which text belongs to
    which picture. They are grouped by picture, and each picture's primary caption comes first.

    Attributes:
        image: (n_images, d) vectors, float16 or float32.
        text: (n_texts, d) vectors, one for each distinct caption.
        links: (n_links, 2) int64 of (text row, image row).
        image_ids: (n_images,) ids, unique.
        captions: (n_texts,) captions.
        metadata: column name -> (n_images,) values of one kind.
        provenance: where the vectors come from.
        skipped: items left out while encoding, with their reasons.
        name: what people call the set.
        blocks: folder of a resumable encoding, which `save` removes.
    """

    image: Floats
    text: Floats
    links: Ints
    image_ids: tuple[str, ...]
    captions: tuple[str, ...]
    metadata: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    skipped: tuple[Skipped, ...] = ()
    name: str = ""
    blocks: Path | None = None

    @classmethod
    def from_arrays(
        cls,
        image: MatrixLike,
        text: MatrixLike,
        text_to_image: npt.ArrayLike | None = None,
        *,
        image_ids: Sequence[str] | None = None,
        captions: Sequence[str] | None = None,
        name: str = "",
    ) -> "EmbeddingSet":
        """Return a set made of two matrices; the arrays are not copied where that can be avoided.

        Args:
            image: (n_images, d) vectors.
            text: (n_texts, d) vectors.
            text_to_image: (n_texts,) row of each text's picture, or (n_links, 2) rows of (text, image);
                None pairs by row, which needs n_texts = n_images.
            image_ids: (n_images,) unique ids; default "0", "1", ...
            captions: (n_texts,) captions; default "".
            name: what people call the set.

        Raises:
            DataError: not finite, widths differ, counts do not match or an index is out of range.
        """
        pictures, texts = _as_array(image, "image"), _as_array(text, "text")
        if pictures.shape[1] != texts.shape[1]:
            raise DataError(
                "image and text must have the same width; "
                f"got {pictures.shape[1]} and {texts.shape[1]}: were they made by the same encoder?"
            )
        ids = tuple(image_ids) if image_ids is not None else tuple(map(str, range(len(pictures))))
        words = tuple(captions) if captions is not None else ("",) * len(texts)
        for got, wanted, what in ((ids, pictures, "image_ids"), (words, texts, "captions")):
            if len(got) != len(wanted):
                raise DataError(f"{what} must have {len(wanted)} entries, one a row; got {len(got)}")
        if len(set(ids)) != len(ids):
            raise DataError("image_ids must be unique; at least one comes twice")
        links = as_links(text_to_image, len(texts), len(pictures))
        return cls(image=pictures, text=texts, links=links, image_ids=ids, captions=words, name=name)

    @property
    def n_images(self) -> int:
        """Number of pictures."""
        return len(self.image)

    @property
    def n_texts(self) -> int:
        """Number of distinct captions."""
        return len(self.text)

    @property
    def width(self) -> int:
        """d, the number of features of a vector."""
        return int(self.image.shape[1])

    @cached_property
    def primary_text(self) -> Ints:
        """(n_images,) row of each picture's primary caption; -1 where it has none."""
        rows = np.full(self.n_images, -1, dtype=np.int64)
        # Written backwards, so that the first link of a picture wins.
        rows[self.links[::-1, 1]] = self.links[::-1, 0]
        return rows

    def paired(self) -> tuple[Floats, Floats]:
        """Return picture and primary-caption vectors row by row, (p, d) each."""
        rows = self.primary_text
        has_text = rows >= 0
        return self.image[has_text], self.text[rows[has_text]]

    def captions_of(self, image_row: int) -> tuple[str, ...]:
        """Return the captions of one picture, the primary one first."""
        start, end = np.searchsorted(self.links[:, 1], [image_row, image_row + 1])
        return tuple(self.captions[int(t)] for t in self.links[start:end, 0])

    def select(self, image_rows: npt.ArrayLike, *, name: str | None = None) -> "EmbeddingSet":
        """Return the set of some pictures and their captions, in the given order.

        Args:
            image_rows: (k,) row numbers, each at most once, or an (n_images,) mask.
            name: new name; None keeps the old one.
        """
        rows = np.asarray(image_rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        position = np.full(self.n_images, -1, dtype=np.int64)
        position[rows] = np.arange(len(rows))
        links = self.links[position[self.links[:, 1]] >= 0]
        texts, new_text = np.unique(links[:, 0], return_inverse=True)
        return EmbeddingSet(
            image=self.image[rows],
            text=self.text[texts],
            links=grouped(np.stack([new_text, position[links[:, 1]]], axis=1)),
            image_ids=tuple(self.image_ids[int(i)] for i in rows),
            captions=tuple(self.captions[int(t)] for t in texts),
            metadata={key: column[rows] for key, column in self.metadata.items()},
            provenance=self.provenance,
            skipped=self.skipped,
            name=self.name if name is None else name,
        )

    def with_primary_captions(self) -> "EmbeddingSet":
        """Return the same pictures with only their primary captions."""
        rows = self.primary_text
        images = np.flatnonzero(rows >= 0)
        texts, new_text = np.unique(rows[images], return_inverse=True)
        return replace(
            self,
            text=self.text[texts],
            links=np.stack([new_text, images], axis=1),
            captions=tuple(self.captions[int(t)] for t in texts),
        )

    @cached_property
    def missing(self) -> Mapping[str, str]:
        """What is not known, of "pictures", "captions", "ids" and "encoder" -> a sentence on what that means."""
        return what_is_missing(
            pictures=bool(self.provenance.pairs),
            captions=any(self.captions),
            ids=not are_row_numbers(self.image_ids),
            encoder=bool(self.provenance.encoder),
        )

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of the content: vectors, links, ids, captions and metadata, not the name."""
        digest = hashlib.sha256()
        for array in (self.image, self.text, self.links):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            for start in range(0, len(array), 65_536):
                digest.update(np.ascontiguousarray(array[start : start + 65_536]).data)
        for strings in (self.image_ids, self.captions):
            digest.update("\0".join(strings).encode("utf-8", "surrogatepass"))
            digest.update(b"\1")
        for key in sorted(self.metadata):
            digest.update(f"{key}\1".encode())
            digest.update("\0".join(map(str, self.metadata[key].tolist())).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def save(self, folder: str | Path) -> Path:
        """Write the set as a folder, whole or not at all, and return the folder.

        Raises:
            DataError: the folder is there already and is not an embedding set, or is a file.
        """
        from sde_core.sets.store import write_set

        target = Path(folder).expanduser()
        if target.is_file():
            raise DataError(f"folder must be new or an embedding set; {folder} is a file")
        return write_set(self, target)

    @classmethod
    def load(cls, folder: str | Path, *, verify: bool = False) -> "EmbeddingSet":
        """Return the set in ``folder``; the vectors are memory-mapped.

        Args:
            folder: that `save` wrote.
            verify: whether to read and hash everything again; sizes and samples are checked anyway.

        Raises:
            DataError: nothing there, a half-written or altered set, or files that do not fit each other.
        """
        from sde_core.sets.store import read_set

        return read_set(Path(folder).expanduser(), verify=verify)


def concatenate(sets: Sequence[EmbeddingSet], *, name: str = "") -> EmbeddingSet:
    """Return one set with the pictures of all; equal captions become one text.

    Args:
        sets: at least one, of one width and one encoder.
        name: what people call the result.

    Raises:
        DataError: none given, widths differ, or an id comes twice.
    """
    if not sets:
        raise DataError("sets must hold at least one embedding set; got none")
    widths = {s.width for s in sets}
    if len(widths) > 1:
        raise DataError(f"sets must have the same width; got {sorted(widths)}")
    ids = tuple(i for s in sets for i in s.image_ids)
    if len(set(ids)) != len(ids):
        raise DataError("sets must not share ids; at least one id comes twice")
    rows: dict[object, int] = {}  # caption, or (set, row) where there is no caption -> new text row
    captions: list[str] = []
    vectors: list[Floats] = []
    links: list[Ints] = []
    offset = 0
    for number, s in enumerate(sets):
        keys = [caption or (number, i) for i, caption in enumerate(s.captions)]
        fresh = [i for i, key in enumerate(keys) if key not in rows]
        rows |= {keys[i]: len(captions) + k for k, i in enumerate(fresh)}
        captions += [s.captions[i] for i in fresh]
        vectors.append(s.text[fresh])
        mapping = np.array([rows[key] for key in keys], dtype=np.int64)
        links.append(np.stack([mapping[s.links[:, 0]], s.links[:, 1] + offset], axis=1))
        offset += s.n_images
    shared = set.intersection(*(set(s.metadata) for s in sets))
    return EmbeddingSet(
        image=np.concatenate([s.image for s in sets]),
        text=np.concatenate(vectors),
        links=np.concatenate(links),
        image_ids=ids,
        captions=tuple(captions),
        metadata={k: np.concatenate([s.metadata[k] for s in sets]) for k in sorted(shared)},
        provenance=sets[0].provenance,
        skipped=tuple(item for s in sets for item in s.skipped),
        name=name or " + ".join(s.name for s in sets),
    )


def _as_array(x: MatrixLike, name: str) -> Floats:
    array: Floats = as_matrix(x, name).cpu().numpy()
    return array

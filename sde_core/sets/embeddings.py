"""EmbeddingSet: vectors of images and captions, which belong together, and where they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sde_core.checks.drawn import drawn, plotted
from sde_core.errors import DataError
from sde_core.files.place import check_place
from sde_core.pairs.base import Skipped
from sde_core.retrieval.links import Ints, as_links, grouped
from sde_core.sets.absence import are_row_numbers, what_is_missing
from sde_core.sets.columns import columns_at
from sde_core.sets.fingerprint import fingerprint_of
from sde_core.sets.provenance import Provenance
from sde_core.sets.store import read_set, write_set
from sde_core.sets.strings import rows_of
from sde_core.vocabulary import MODALITIES, Modality

if TYPE_CHECKING:
    from sde_core.checks.matrices import MatrixLike

Floats = npt.NDArray[np.floating[Any]]
NO_LINKS = np.empty((0, 2), np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class EmbeddingSet:
    """Images and captions as vectors; immutable, possibly memory-mapped.

    A caption that several images share is one row of ``text``; ``links`` says which text belongs to
    which image. They are grouped by image, and each image's primary caption comes first. A set may
    have vectors of one modality only; the other matrix then has no rows.

    Attributes:
        image: (n_images, d) vectors, float16 or float32.
        text: (n_texts, d) vectors, one for each distinct caption.
        links: (n_links, 2) int64 of (text row, image row).
        image_ids: (n_images,) ids, unique; a tuple, or an Arrow column that reads as one (`ArrowStrings`).
        captions: (n_texts,) captions; likewise.
        metadata: column name -> (n_images,) values of one kind; in a set of texts only (n_texts,).
        provenance: where the vectors come from.
        skipped: items left out while encoding, with their reasons.
        remarks: sentences on what was done to the set, or what in it needs care.
        name: what people call the set.
        blocks: folder of a resumable encoding, which `save` removes.
    """

    image: Floats
    text: Floats
    links: Ints
    image_ids: Sequence[str]
    captions: Sequence[str]
    metadata: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[str, ...] = ()
    name: str = ""
    blocks: Path | None = None

    @classmethod
    def from_arrays(
        cls,
        image: "MatrixLike | None" = None,
        text: "MatrixLike | None" = None,
        text_to_image: npt.ArrayLike | None = None,
        *,
        image_ids: Sequence[str] | None = None,
        captions: Sequence[str] | None = None,
        name: str = "",
    ) -> "EmbeddingSet":
        """Return a set made of two matrices; the arrays are not copied where that can be avoided.

        Args:
            image: (n_images, d) vectors; None where there are none.
            text: (n_texts, d) vectors; None where there are none.
            text_to_image: (n_texts,) row of each text's image, or (n_links, 2) rows of (text, image);
                None pairs by row, which needs n_texts = n_images.
            image_ids: (n_images,) unique ids; default "0", "1", ...
            captions: (n_texts,) captions; default "".
            name: what people call the set.

        Raises:
            DataError: not finite, widths differ, counts do not match, an index is out of range, or neither
                image nor text is given.
        """
        pictures, texts = _as_arrays(image, text)
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
        is_one = image is None or text is None
        if is_one and text_to_image is not None:
            raise DataError("text_to_image must be left out where there are vectors of one modality only")
        given = NO_LINKS if is_one else text_to_image
        links = as_links(given, len(texts), len(pictures), may_be_empty=True)
        return cls(image=pictures, text=texts, links=links, image_ids=ids, captions=words, name=name)

    _repr_html_ = drawn
    plot = plotted

    def __repr__(self) -> str:
        """Return name, counts and width: at most 200 characters."""
        counts = f"{self.n_images:,} images, {self.n_texts:,} texts, width {self.width}"
        return f"EmbeddingSet({self.name[:100]!r}: {counts}, {self.vectors(self.modalities[0]).dtype})"

    @property
    def n_images(self) -> int:
        """Number of images."""
        return len(self.image)

    @property
    def n_texts(self) -> int:
        """Number of distinct captions."""
        return len(self.text)

    @property
    def n_rows(self) -> int:
        """Number of images; in a set of texts only, of texts: what `metadata` and `select` count."""
        return self.n_images or self.n_texts

    @property
    def width(self) -> int:
        """d, the number of features of a vector."""
        return int(self.image.shape[1])

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The modalities that have vectors: "image", "text" or both."""
        return tuple(m for m in MODALITIES if len(getattr(self, m)))

    def vectors(self, modality: Modality) -> Floats:
        """Return the vectors of a modality.

        Raises:
            DataError: the set has none.
        """
        found: Floats = getattr(self, modality)
        if not len(found):
            raise DataError(f"{self.name or 'the set'}: {what_is_missing(**{modality: False})[modality]}")
        return found

    def check_both(self) -> None:
        """Refuse a set with vectors of one modality only.

        Raises:
            DataError: names the modality that is missing.
        """
        for modality in MODALITIES:
            self.vectors(modality)

    @cached_property
    def primary_text(self) -> Ints:
        """(n_images,) row of each image's primary caption; -1 where it has none."""
        rows = np.full(self.n_images, -1, dtype=np.int64)
        # Written backwards, so that the first link of an image wins.
        rows[self.links[::-1, 1]] = self.links[::-1, 0]
        return rows

    def paired(self) -> tuple[Floats, Floats]:
        """Return image and primary-caption vectors row by row, (p, d) each; not copied where all rows stay in place.

        Raises:
            DataError: the set has vectors of one modality only.
        """
        self.check_both()
        rows = self.primary_text
        has_text = rows >= 0
        image = self.image if has_text.all() else self.image[has_text]
        rows = rows[has_text]
        in_place = len(rows) == self.n_texts and bool((rows == np.arange(len(rows))).all())
        return image, self.text if in_place else self.text[rows]

    def paired_or_none(self) -> tuple[Floats, Floats] | None:
        """Return `paired`, or None where the set has vectors of one modality only: for what can do without."""
        return self.paired() if len(self.modalities) == 2 else None

    def captions_of(self, image_row: int) -> tuple[str, ...]:
        """Return the captions of one image, the primary one first."""
        start, end = np.searchsorted(self.links[:, 1], [image_row, image_row + 1])
        return tuple(self.captions[int(t)] for t in self.links[start:end, 0])

    def select(self, image_rows: npt.ArrayLike, *, name: str | None = None) -> "EmbeddingSet":
        """Return the set of some images and their captions, in the given order; of texts in a set of texts only.

        Args:
            image_rows: (k,) row numbers, each at most once, or an (n_rows,) mask.
            name: new name; None keeps the old one.
        """
        rows = np.asarray(image_rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        if not self.n_images:
            return replace(
                self,
                text=self.text[rows],
                captions=rows_of(self.captions, rows),
                metadata=columns_at(self.metadata, rows),
                name=self.name if name is None else name,
                blocks=None,
            )
        position = np.full(self.n_images, -1, dtype=np.int64)
        position[rows] = np.arange(len(rows))
        links = self.links[position[self.links[:, 1]] >= 0]
        texts, new_text = np.unique(links[:, 0], return_inverse=True)
        return EmbeddingSet(
            image=self.image[rows],
            text=self.text[texts],
            links=grouped(np.stack([new_text, position[links[:, 1]]], axis=1)),
            image_ids=rows_of(self.image_ids, rows),
            captions=rows_of(self.captions, texts),
            metadata=columns_at(self.metadata, rows),
            provenance=self.provenance,
            skipped=self.skipped,
            remarks=self.remarks,
            name=self.name if name is None else name,
        )

    def with_primary_captions(self) -> "EmbeddingSet":
        """Return the same images with only their primary captions.

        Raises:
            DataError: the set has vectors of one modality only.
        """
        self.check_both()
        rows = self.primary_text
        images = np.flatnonzero(rows >= 0)
        texts, new_text = np.unique(rows[images], return_inverse=True)
        if len(texts) == self.n_texts:  # every one is primary: nothing is copied
            return replace(self, links=np.stack([new_text, images], axis=1))
        return replace(
            self,
            text=self.text[texts],
            links=np.stack([new_text, images], axis=1),
            captions=rows_of(self.captions, texts),
        )

    def with_each_caption(self) -> "EmbeddingSet":
        """Return the same images with a text for every caption of every image, also where captions are equal.

        Raises:
            DataError: the set has vectors of one modality only.
        """
        self.check_both()
        texts, images = self.links.T
        if len(texts) == self.n_texts and np.array_equal(texts, np.arange(self.n_texts)):
            return self
        return replace(
            self,
            text=self.text[texts],
            links=np.stack([np.arange(len(texts), dtype=np.int64), images], axis=1),
            captions=rows_of(self.captions, texts),
        )

    @cached_property
    def missing(self) -> Mapping[str, str]:
        """What is not there, of "image", "text", "pictures", "captions", "ids" and "encoder" -> what that means."""
        return what_is_missing(
            **{m: m in self.modalities for m in MODALITIES},
            pictures=bool(self.provenance.pairs),
            captions=any(self.captions),
            ids=not are_row_numbers(self.image_ids),
            encoder=bool(self.provenance.encoder),
        )

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of the content: vectors, links, ids, captions and metadata, not the name."""
        return fingerprint_of(
            (self.image, self.text, self.links), (self.image_ids, self.captions), self.metadata
        )

    def save(self, folder: str | Path) -> Path:
        """Write the set as a folder, whole or not at all, and return the folder.

        Raises:
            DataError: the folder is there already and is not an embedding set, is a file, or is the working folder.
        """
        target = Path(folder).expanduser()
        if not target.name:  # a swap would leave the process, and its shell, in the old folder
            raise DataError(
                f"folder must be one that can be replaced as a whole; name one below {target.resolve()}"
            )
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
        check_place(folder, "folder")
        return read_set(Path(folder).expanduser(), cls, verify=verify)


def _as_arrays(image: "MatrixLike | None", text: "MatrixLike | None") -> tuple[Floats, Floats]:
    """Return both matrices; one that is not given has no rows."""
    from sde_core.checks.matrices import as_matrix  # brings torch

    given = {"image": image, "text": text}
    found: dict[str, Floats] = {
        name: as_matrix(x, name).cpu().numpy() for name, x in given.items() if x is not None
    }
    if not found:
        raise DataError("image or text must be given; got neither")
    other = next(iter(found.values()))
    empty = np.empty((0, other.shape[1]), other.dtype)
    return found.get("image", empty), found.get("text", empty)

"""Whether vectors are those of the encoder that is said to have made them, and if not, what likely went wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import numpy.typing as npt

from sde_core.checks.brief import brief
from sde_core.encoders import Encoder
from sde_core.errors import DataError, SDEError
from sde_core.geometry.parity.rows import FOUND_AGAIN, RELATED, row_cosines, stand_elsewhere
from sde_core.geometry.parity.verdict import Same
from sde_core.pairs import Pairs, decode_image, open_pairs
from sde_core.sets.embeddings import EmbeddingSet, Floats
from sde_core.sets.other_preparations import in_training_mode, matching_preparation
from sde_core.sets.vector_changes import CALLED, change_of
from sde_core.vocabulary import Modality

if TYPE_CHECKING:
    from PIL.Image import Image

OfEncoder = Literal["same", "rows shifted", "BatchNorm in training mode", "other weights"]
Verdict = OfEncoder | Same
"""The words of `sde parity`, and four for what an encoder at hand can tell beyond two sets of vectors."""

_IN_PARITYS_WORDS: dict[Verdict, Same] = {
    "same": "identical",
    "rows shifted": "reordered",
    "BatchNorm in training mode": "other checkpoint",
    "other weights": "other checkpoint",
}
BEGINNING = "The vectors are "
"""How each sentence begins."""

_BATCH = 32  # images for statistics of a batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How vectors compare with what an encoder makes of the same images and captions.

    Attributes:
        verdict: what explains the difference best; "same" is none.
        detail: a clause on what was seen.
        image_cosine: median over the images that were encoded again; NaN where there were none.
        text_cosine: the same of captions.
        n_images: images that were encoded again.
        n_texts: captions that were encoded again.
        encoder: its name.
    """

    verdict: Verdict
    detail: str
    image_cosine: float
    text_cosine: float
    n_images: int
    n_texts: int
    encoder: str

    __repr__ = brief

    @property
    def is_same(self) -> bool:
        """Whether the vectors are the encoder's."""
        return self.verdict == "same"

    @property
    def space(self) -> Same:
        """The verdict in the words of `sde parity`, which knows no encoder."""
        return _IN_PARITYS_WORDS.get(self.verdict, cast("Same", self.verdict))

    @property
    def sentence(self) -> str:
        """One sentence for people."""
        seen = " and ".join(
            f"{n} {what} (cosine {cosine:.3f})"
            for n, what, cosine in (
                (self.n_images, "pictures", self.image_cosine),
                (self.n_texts, "captions", self.text_cosine),
            )
            if n
        )
        if self.is_same:
            return f"{BEGINNING}those of {self.encoder}: {seen} encoded again."
        return f"{BEGINNING}not those of {self.encoder}: {seen} encoded again; {self.verdict}: {self.detail}."


def compare_with_encoder(
    vectors: EmbeddingSet,
    encoder: Encoder,
    *,
    pairs: Pairs | None = None,
    n_rows: int = 8,
    seed: int = 0,
) -> Agreement:
    """Return whether an encoder gives the vectors of a set, tried on a few images and captions of it.

    The verdict is the first that holds: "rows shifted", rows of the set are those of other images or captions;
    "shifted", "quantised", "broken rows" or "truncated captions", what `sde parity` calls so and eight rows can show;
    "BatchNorm in training mode", statistics of a batch bring the images' vectors back; "other preprocessing", one
    modality agrees and the other does not, with the preparation that gives its vectors where one of the usual ones
    does; "other weights", cosines beyond 0.3 in both, as after a fine-tuning; "other model", nothing in common.

    Args:
        vectors: not transformed after the encoder.
        encoder: that is said to have made them.
        pairs: where the images are; None opens what the set names, and does without where that is not at hand.
        n_rows: images and captions to encode again.
        seed: of the choice.

    Raises:
        DataError: the vectors were transformed, or there is neither an image nor a caption to encode again.
    """
    if vectors.provenance.transform:
        raise DataError(f"vectors must be as the encoder gave them; {vectors.name} was transformed")
    numbers = np.random.default_rng(seed)
    pictures = _Pictures(vectors, pairs)
    image_rows, shown = pictures.read(numbers.permutation(len(vectors.image)), n_rows)
    captions = vectors.captions[
        : len(vectors.text)
    ]  # a set of images alone may have captions without vectors
    text_rows = _chosen([i for i, words in enumerate(captions) if words.strip()], n_rows, numbers)
    if not len(image_rows) and not len(text_rows):
        raise DataError(
            f"{vectors.name} must have captions or pictures at hand to be compared with {encoder.name}"
        )
    made = _Sides(
        _encoded_images(encoder, shown), encoder.encode_texts([vectors.captions[i] for i in text_rows]).cpu().numpy()
        if len(text_rows) else None,
    )  # fmt: skip
    own = _Sides(vectors.image, vectors.text)
    width = (made.image if made.image is not None else made.text).shape[1]  # type: ignore[union-attr]
    verdict: Verdict = "other model"
    image: Floats = np.empty(0)
    text: Floats = np.empty(0)
    if width == vectors.width:
        image, text = _cosines(made.image, own.image, image_rows), _cosines(made.text, own.text, text_rows)
        words = [captions[i] for i in text_rows]
        verdict, detail = _verdict(
            encoder, made, own, (image_rows, text_rows), (image, text), pictures, shown, words
        )
    else:
        detail = f"it gives {width} numbers, the vectors have {vectors.width}"
    return Agreement(
        verdict=verdict,
        detail=detail,
        image_cosine=_median(image),
        text_cosine=_median(text),
        n_images=len(image_rows),
        n_texts=len(text_rows),
        encoder=encoder.name,
    )


@dataclass(frozen=True, slots=True)
class _Sides:
    image: Floats | None
    text: Floats | None


class _Pictures:
    """Images of a set, where they are at hand."""

    def __init__(self, vectors: EmbeddingSet, pairs: Pairs | None) -> None:
        self._ids, self._pairs = vectors.image_ids, pairs
        if pairs is None and vectors.provenance.pairs:
            try:
                self._pairs = open_pairs(vectors.provenance.pairs)
            except SDEError:
                self._pairs = None

    def read(self, rows: "npt.NDArray[np.int64]", most: int) -> "tuple[list[int], list[Image]]":
        """Return the first ``most`` of ``rows`` whose image can be read, with their images."""
        found: list[int] = []
        shown: list[Image] = []
        for row in rows[: 4 * most]:  # a few that are broken do no harm
            if self._pairs is None or len(found) == most:
                break
            try:
                shown.append(decode_image(self._pairs.find(self._ids[int(row)]).read_image()))
            except (SDEError, OSError):
                continue
            found.append(int(row))
        return found, shown


def _verdict(
    encoder: Encoder,
    made: _Sides,
    own: _Sides,
    rows: tuple[Sequence[int], Sequence[int]],
    cosines: tuple[Floats, Floats],
    pictures: _Pictures,
    shown: "Sequence[Image]",
    words: Sequence[str],
) -> tuple[Verdict, str]:
    image_same, text_same = (bool(len(c)) and bool((c >= FOUND_AGAIN).all()) for c in cosines)
    image_known, text_known = (bool(len(c)) for c in cosines)
    if (image_same or not image_known) and (text_same or not text_known):
        return "same", ""
    apart: dict[Modality, tuple[Floats, Floats]] = {}
    for modality, side, given, these, is_same in (
        (Modality.IMAGE, made.image, own.image, rows[0], image_same),
        (Modality.TEXT, made.text, own.text, rows[1], text_same),
    ):
        if side is None or given is None or is_same:
            continue
        if shift := _shift(side, given, these):
            return "rows shifted", f"rows of {CALLED[modality]} hold the vectors of others, {shift}"
        apart[modality] = side, given[np.asarray(these)]
    if change := change_of(apart, words):
        return change
    if image_known and not image_same and own.image is not None:
        if cosine := _training_mode(encoder, own.image, pictures, _median(cosines[0])):
            return (
                "BatchNorm in training mode",
                f"with statistics of a batch the pictures' cosine is {cosine:.2f}: its "
                "writer did not call model.eval()",
            )
        if text_same or not text_known:
            wanted = own.image[np.asarray(rows[0])]
            if how := matching_preparation(encoder, shown, wanted, FOUND_AGAIN):
                return "other preprocessing", f"pictures prepared with {how} give these vectors"
    if image_same:
        return (
            "other preprocessing",
            "pictures agree and captions do not: another prompt, tokenizer or context",
        )
    if text_same:
        if _median(cosines[0]) > RELATED:
            return (
                "other preprocessing",
                "captions agree and pictures do not, none of the usual preparations gives them",
            )
        return (
            "other weights",
            "captions agree and pictures have nothing in common: other pictures or picture tower",
        )
    if all(_median(c) > RELATED for c in cosines if len(c)):
        return "other weights", "the vectors are near the encoder's, as before or after a fine-tuning"
    return "other model", "the vectors have nothing in common with the encoder's"


def _training_mode(encoder: Encoder, own: Floats, pictures: _Pictures, before: float) -> float:
    """Return the cosine with statistics of a batch where it explains the vectors, else 0."""
    model = in_training_mode(encoder)
    if model is None:
        return 0.0
    rows, shown = pictures.read(np.arange(len(own)), _BATCH)  # in order, as a writer goes through them
    if len(rows) < 2:
        return 0.0
    trained = replace(encoder, model=model)
    cosine = _median(_cosines(trained.encode_pictures(shown).cpu().numpy(), own, rows))
    return cosine if cosine > 0.7 and cosine > before + 0.1 else 0.0


def _shift(made: Floats, own: Floats, rows: Sequence[int]) -> str:
    """Return how rows are displaced, "" where most are not found elsewhere."""
    place = stand_elsewhere(made, own, rows)
    if place is None:
        return ""
    moved = place >= 0
    offsets, counts = np.unique(place[moved] - np.asarray(rows)[moved], return_counts=True)
    if counts.max() >= 0.75 * moved.sum():
        return f"{int(offsets[counts.argmax()]):+d} from their own"
    return "in another order"


def _encoded_images(encoder: Encoder, shown: "Sequence[Image]") -> Floats | None:
    return encoder.encode_pictures(shown).cpu().numpy() if shown else None


def _chosen(rows: Sequence[int], n: int, numbers: np.random.Generator) -> list[int]:
    return [rows[i] for i in sorted(numbers.permutation(len(rows))[:n])]


def _cosines(made: Floats | None, own: Floats | None, rows: Sequence[int]) -> Floats:
    if made is None or own is None or not len(rows):
        return np.empty(0)
    return row_cosines(made, own[np.asarray(rows)])


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else float("nan")

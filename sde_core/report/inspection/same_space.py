"""Whether two sets of vectors are the same space: both modalities heard, rows matched by id."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sde_core.checks.matrices import MatrixLike
from sde_core.errors import DataError
from sde_core.geometry.parity.rows import LONG_ONES, RELATED, chance_longer
from sde_core.geometry.parity.verdict import TOLERANCE, VERDICTS, Parity, matrix_parity
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.vocabulary import Modality

if TYPE_CHECKING:
    from sde_core.encoders import Encoder

_INPUTS = ("other preprocessing", "other checkpoint")


def parity(
    first: "EmbeddingSet | MatrixLike",
    second: "EmbeddingSet | MatrixLike",
    *,
    encoder: "Encoder | None" = None,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> Parity:
    """Return whether two sets of vectors are the same space, and if not, what was done to the second.

    Of sets, rows are matched by id and by caption where both have them, else by their place; both modalities are
    heard: pictures that changed beside texts that did not are another preprocessing (or another picture tower: no
    vectors can tell), changes in both another checkpoint; captions that changed are truncated where they are the long
    ones. The verdict is the worse of the two. With the encoder of the first set and its pictures at hand, the usual
    other preparations are tried on a few pictures, and the one that gives the second set is named.

    Args:
        first: an embedding set, or (m, d) vectors: the reference.
        second: the same things again, of the same kind.
        encoder: that made ``first``, to name a preprocessing.
        tolerance: as in `matrix_parity`.
        seed: as in `matrix_parity`.

    Returns:
        Parity: verdict, confidence, figures and a sentence.

    Raises:
        DataError: as `matrix_parity`, a set beside a matrix, or sets without a modality or a row in common.
        ConfigError: ``tolerance`` is out of range.

    Source: docs/decide.md.

    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(64, 16))
    >>> parity(x, 2 * x).verdict, parity(x, x[:, ::-1] + 1).verdict
    ('rescaled', 'rotated')
    """
    if not (isinstance(first, EmbeddingSet) and isinstance(second, EmbeddingSet)):
        if isinstance(first, EmbeddingSet) or isinstance(second, EmbeddingSet):
            raise DataError("first and second must both be embedding sets, or both be matrices")
        return matrix_parity(first, second, tolerance=tolerance, seed=seed)
    shared = [m for m in first.modalities if m in second.modalities]
    if not shared:
        raise DataError(
            f"{first.name or 'first'} and {second.name or 'second'} must have a modality in common; "
            f"got {first.modalities[0]} and {second.modalities[0]}"
        )
    found = {m: _of_modality(first, second, m, tolerance, seed) for m in shared}
    joint = _joint(found)
    if encoder is not None and joint.verdict in _INPUTS:
        return _named(joint, first, second, encoder)
    return joint


def _of_modality(
    first: EmbeddingSet, second: EmbeddingSet, modality: Modality, tolerance: float, seed: int
) -> Parity:
    names = [s.image_ids if modality == "image" else s.captions for s in (first, second)]
    known = all(("ids" if modality == "image" else "captions") not in s.missing for s in (first, second))
    vectors = [first.vectors(modality), second.vectors(modality)]
    rows = _matched(*names) if known and list(names[0]) != list(names[1]) else None
    if rows is not None and len(rows[0]):
        vectors = [x[r] for x, r in zip(vectors, rows, strict=True)]
    found = matrix_parity(*vectors, modality=modality, tolerance=tolerance, seed=seed)
    if found.verdict == "truncated captions" and known and found.n_odd <= 20:
        kept = names[0] if rows is None else [names[0][int(i)] for i in rows[0]]
        longer = chance_longer(np.array([len(x) for x in kept]), np.asarray(found.odd_rows))
        if longer < LONG_ONES:
            told = f"{found.detail}; they are not the long ones: another prompt or tokenizer"
            return replace(found, verdict="other preprocessing", detail=told)
    return found


def _matched(first: Any, second: Any) -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]":  # noqa: ANN401
    """Return rows of the names that both have; none where they share none."""
    place = {name: i for i, name in enumerate(second)}
    both = [(i, place[name]) for i, name in enumerate(first) if name in place]
    table = np.array(both, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _joint(found: dict[Modality, Parity]) -> Parity:
    """Return one verdict of both modalities: the worse, but that unchanged texts acquit the weights."""
    if len(found) == 1:
        return next(iter(found.values()))
    image, text = found[Modality.IMAGE], found[Modality.TEXT]
    if image.verdict == text.verdict:
        told = f"pictures: {image.detail}; texts: {text.detail}"
        return replace(image, detail=told, confidence=min(image.confidence, text.confidence))
    if (
        image.verdict in (*_INPUTS, "not enough")
        and text.is_same
        and image.figures["centred_cosine"] > RELATED
    ):
        told = f"texts are the same, pictures changed, centred cosine {image.figures['centred_cosine']:.2f}"
        return replace(image, verdict="other preprocessing", detail=told, confidence=1.0)
    if {image.verdict, text.verdict} == set(_INPUTS):
        worse = image if image.verdict == "other checkpoint" else text
        return replace(worse, detail=f"pictures and texts changed; {worse.detail}")
    worse = max(image, text, key=lambda each: VERDICTS.index(each.verdict))
    what = "pictures" if worse is image else "texts"
    other = text if worse is image else image
    return replace(worse, detail=f"{what}: {worse.detail}; the others are {other.verdict}")


def _named(found: Parity, first: EmbeddingSet, second: EmbeddingSet, encoder: "Encoder") -> Parity:
    """Return the verdict after the encoder was asked what gives the vectors of the second set."""
    from sde_core.pairs import open_pairs
    from sde_core.sets.agreement import compare_with_encoder

    pairs = open_pairs(first.provenance.pairs) if first.provenance.pairs else None
    told = compare_with_encoder(second, encoder, pairs=pairs)
    if told.space == "other preprocessing":
        return replace(found, verdict=told.space, detail=told.detail, confidence=1.0)
    return replace(found, verdict=told.space, detail=told.detail) if told.space in _INPUTS else found

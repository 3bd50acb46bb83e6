"""An embedding set as one row of a retrieval table, with what chance would give."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from sde_core.errors import ConfigError, DataError
from sde_core.files.in_order import rows_in_order
from sde_core.retrieval.chance import chance_recall
from sde_core.retrieval.links import Ints
from sde_core.retrieval.ranking import CountLinks, check_ks, metrics_from_ranks, retrieval_ranks
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.vocabulary import KS

Captions = Literal["each", "primary", "all"]
"""What the gallery of texts is: `evaluate_retrieval` says what each word means."""

GALLERIES: tuple[Captions, ...] = get_args(Captions)
"""Every gallery, CLIP_benchmark's first."""

_ROWS = 8_192
"""Rows of a mapped set that are read at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalReport:
    """Retrieval of one set in both directions.

    Attributes:
        dataset: name of the set.
        model: the encoder's name.
        captions: "each", "primary" or "all", as `evaluate_retrieval` takes it.
        n_images: images in the gallery.
        n_texts: captions in the gallery: distinct ones, with "each" every one of every image.
        metrics: CLIP_benchmark's names -> values; recalls in [0, 1].
        chance: the recalls that a random ranking would reach on average, by the same names.
    """

    dataset: str
    model: str
    captions: Captions
    n_images: int
    n_texts: int
    metrics: dict[str, float]
    chance: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return the report in the layout of CLIP_benchmark's result files."""
        return {
            "dataset": self.dataset,
            "model": self.model,
            "task": "zeroshot_retrieval",
            "captions": self.captions,
            "n_images": self.n_images,
            "n_texts": self.n_texts,
            "metrics": self.metrics,
            "chance": self.chance,
        }


def evaluate_retrieval(
    embeddings: EmbeddingSet,
    *,
    captions: Captions = "each",
    ks: tuple[int, ...] = KS,
    count: CountLinks | None = None,
) -> RetrievalReport:
    """Return how well captions find their images and images their captions.

    With "each" every caption of every image is an entry and a query of its own, right for that image alone, as
    CLIP_benchmark counts: its numbers are these. Where images share a caption, the entries tie: here they stand in
    random order and the number is the mean over these orders, there the order is whatever the sort gave. With "all"
    equal captions are one entry, right for every image that carries them; "primary" keeps of each image the first.

    Args:
        embeddings: the gallery; every image and caption is a query once.
        captions: "each", "primary" or "all".
        ks: cut-offs, in [1, ...).
        count: who counts, such as an engine; None is this process.

    Raises:
        ConfigError: ``captions`` is unknown.
        DataError: no image has a caption, or the set has vectors of one modality only.
    """
    check_ks(ks)
    gallery = gallery_of(embeddings, captions)
    return RetrievalReport(
        dataset=gallery.name,
        model=gallery.provenance.encoder,
        captions=captions,
        n_images=gallery.n_images,
        n_texts=gallery.n_texts,
        metrics=metrics_from_ranks(
            retrieval_ranks(gallery.image, gallery.text, gallery.links, count=count), ks
        ),
        chance=chance_recalls(gallery.links, gallery.n_texts, gallery.n_images, ks),
    )


def gallery_of(embeddings: EmbeddingSet, captions: Captions) -> EmbeddingSet:
    """Return the set with the captions that are to be ranked, and right.

    Args:
        embeddings: images and captions.
        captions: as `evaluate_retrieval` takes it.

    Raises:
        ConfigError: ``captions`` is unknown.
        DataError: the set has vectors of one modality only.
    """
    if captions not in GALLERIES:
        raise ConfigError(f"captions must be one of {', '.join(GALLERIES)}; got {captions!r}")
    embeddings.check_both()
    if captions == "each":
        return embeddings.with_each_caption()
    return embeddings.with_primary_captions() if captions == "primary" else embeddings


def chance_recalls(links: Ints, n_texts: int, n_images: int, ks: tuple[int, ...]) -> dict[str, float]:
    """Return the mean recalls of a uniformly random ranking, in closed form: `chance_recall` of both directions.

    Args:
        links: (n_links, 2) of (text row, image row).
        n_texts: texts in the gallery.
        n_images: images in the gallery.
        ks: cut-offs.

    >>> chance_recalls(np.array([[0, 0], [1, 1]]), 2, 2, (1,))
    {'image_retrieval_recall@1': 0.5, 'text_retrieval_recall@1': 0.5}
    """
    recalls = {}
    for k in ks:
        for name, column, size in (("image", 0, n_images), ("text", 1, n_texts)):
            right = np.unique(links[:, column], return_counts=True)[1]
            recalls[f"{name}_retrieval_recall@{k}"] = chance_recall(right, size, k)
    return recalls


def check_reference(reference: EmbeddingSet, test: EmbeddingSet) -> int:
    """Return how many images of the test set are in the reference too, vector for vector.

    Args:
        reference: what treatments are fitted on.
        test: what they are reported on.

    Raises:
        DataError: another width, other weights, another transform, or every image of the test set is in the
            reference.
    """
    for name in ("weights_sha256", "transform"):
        ours, theirs = getattr(reference.provenance, name), getattr(test.provenance, name)
        if ours != theirs and (name == "transform" or (ours and theirs)):
            raise DataError(
                f"fit-on must be by the same encoder as what is evaluated; {reference.name} and {test.name} "
                f"differ in {name}: {ours[:60] or 'none'} and {theirs[:60] or 'none'}"
            )
    if reference.width != test.width:
        raise DataError(
            f"fit-on must have the width of what is evaluated; got {reference.width} and {test.width}"
        )
    # 64 bits of each: of two sets of a million rows one in ten million would share an image that it has not.
    known = {hash(row.tobytes()) for _, block in rows_in_order(reference.image, _ROWS) for row in block}
    shared = sum(
        hash(row.tobytes()) in known for _, block in rows_in_order(test.image, _ROWS) for row in block
    )
    if shared == test.n_images:
        raise DataError(
            f"fit-on must be another split than what is evaluated; every picture of {test.name} is in "
            f"{reference.name}"
        )
    return shared

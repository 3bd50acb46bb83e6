"""The numbers at the top of the overview."""

from dataclasses import dataclass

import sde_core as sde


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The numbers at the top of the overview.

    Attributes:
        alignment: of `sde_core.alignment_metrics` on primary pairs; empty with fewer than 2 pairs.
        metrics: retrieval by CLIP_benchmark's names, gallery of primary captions.
        chance: what a random ranking reaches, by the same names.
        n_texts: captions in that gallery.
    """

    alignment: dict[str, float]
    metrics: dict[str, float]
    chance: dict[str, float]
    n_texts: int


def headline(embeddings: sde.EmbeddingSet) -> Headline:
    """Return alignment of the primary pairs, and retrieval with primary captions as gallery."""
    from sde_core.sets.evaluation import evaluate_retrieval

    image, text = embeddings.paired()
    report = evaluate_retrieval(embeddings, captions="primary")
    return Headline(
        alignment=sde.alignment_metrics(image, text) if len(image) > 1 else {},
        metrics=report.metrics,
        chance=report.chance,
        n_texts=report.n_texts,
    )

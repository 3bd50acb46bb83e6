"""Which captions find their image earlier after a treatment, and which later."""

from collections.abc import Sequence
from typing import Any

from sde_core.retrieval.rank_change import rank_change
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.treatments.comparison import ComparedRetrieval

N_QUERIES = 6
_LONGEST = 160


def most_changed(gallery: EmbeddingSet, rows: Sequence[ComparedRetrieval]) -> list[dict[str, Any]]:
    """Return, for each SDE row, how many captions rank better and worse than raw, and the extremes.

    Args:
        gallery: the test set with the captions that were queries.
        rows: of the comparison, raw first.
    """
    return [_changes(gallery, rows[0], row) for row in rows[1:] if row.name.startswith("sde-")]


def _changes(gallery: EmbeddingSet, raw: ComparedRetrieval, row: ComparedRetrieval) -> dict[str, Any]:
    change = rank_change(raw.ranks.image_retrieval, row.ranks.image_retrieval)

    def query(i: int) -> dict[str, Any]:
        caption = gallery.captions[i]
        short = caption if len(caption) <= _LONGEST else caption[:_LONGEST].rstrip() + " …"
        return {
            "caption": short,
            "row": i,
            "before": float(change.before[i]),
            "after": float(change.after[i]),
        }

    return {
        "treatment": row.name,
        "better": change.better,
        "same": change.same,
        "worse": change.worse,
        "won": [query(i) for i in change.won(N_QUERIES)],
        "lost": [query(i) for i in change.lost(N_QUERIES)],
    }

"""Which captions find their picture earlier after a treatment, and which later."""

from collections.abc import Sequence
from typing import Any

import torch

from sde_core.comparison import ComparedRetrieval
from sde_core.embeddings import EmbeddingSet

N_QUERIES = 6
_LONGEST = 160


def most_changed(gallery: EmbeddingSet, rows: Sequence[ComparedRetrieval]) -> list[dict[str, Any]]:
    """Return, for each SDE row, how many captions rank better and worse than raw, and the extremes.

    A change is the ratio of the ranks: from 20 to 2 tells more than from 220 to 202.

    Args:
        gallery: the test set with the captions that were queries.
        rows: of the comparison, raw first.
    """
    return [_changes(gallery, rows[0], row) for row in rows[1:] if row.name.startswith("sde-")]


def _changes(gallery: EmbeddingSet, raw: ComparedRetrieval, row: ComparedRetrieval) -> dict[str, Any]:
    before, after = (r.ranks.image_retrieval.best_rank for r in (raw, row))
    ratio = torch.nan_to_num(after.log() - before.log())
    order = ratio.argsort(stable=True).tolist()

    def query(i: int) -> dict[str, Any]:
        caption = gallery.captions[i]
        short = caption if len(caption) <= _LONGEST else caption[:_LONGEST].rstrip() + " …"
        return {"caption": short, "row": i, "before": float(before[i]), "after": float(after[i])}

    return {
        "treatment": row.name,
        "better": int((ratio < 0).sum()),
        "same": int((ratio == 0).sum()),
        "worse": int((ratio > 0).sum()),
        "won": [query(i) for i in order[:N_QUERIES] if ratio[i] < 0],
        "lost": [query(i) for i in order[::-1][:N_QUERIES] if ratio[i] > 0],
    }

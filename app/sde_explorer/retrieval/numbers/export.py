"""The retrieval table as rows and as JSON, under the names of CLIP_benchmark."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sde_core.files.text_file import finite
from sde_core.sets.evaluation import chance_recalls
from sde_core.vocabulary import KS
from sde_explorer.retrieval.numbers.table import HALVES, SEED, Part, RecallRow

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet


def table_rows(rows: Sequence[RecallRow]) -> list[dict[str, Any]]:
    """Return one line for each row: every metric, its interval, and its difference to raw with the interval."""
    found = []
    for row in rows:
        line: dict[str, Any] = {"treatment": row.name}
        for key, value in row.compared.metrics.items():
            line[key] = value
            own, change = row.compared.intervals.get(key), row.compared.differences.get(key)
            if own is not None:
                line |= {f"{key}_low": own.low, f"{key}_high": own.high}
                line[f"{key}_difference"] = change.estimate if change else None
                line[f"{key}_difference_low"] = change.low if change else None
                line[f"{key}_difference_high"] = change.high if change else None
        found.append(line | {"modality_gap": row.gap})
    return found


def table_content(
    whole: "EmbeddingSet", fit: Part, test: Part, rows: Sequence[RecallRow], parameters: dict[str, Any]
) -> dict[str, Any]:
    """Return the table with everything that it depends on, in the layout of CLIP_benchmark's result files.

    Args:
        whole: the set that was halved.
        fit: what the rows were fitted on.
        test: what they were measured on.
        rows: of the table.
        parameters: of the page.
    """
    made = test.embeddings
    content: dict[str, Any] = finite(
        {
            "dataset": whole.name,
            "model": whole.provenance.encoder,
            "task": "zeroshot_retrieval",
            "parameters": parameters,
            "provenance": whole.provenance.as_dict(),
            "split": {"shares": list(HALVES), "seed": SEED, "fitted_on_images": len(fit.images)},
            "n_images": made.n_images,
            "n_texts": made.n_texts,
            "chance": chance_recalls(made.links, made.n_texts, made.n_images, KS),
            "rows": [row.compared.as_dict() | {"modality_gap": row.gap} for row in rows],
        }
    )
    return content

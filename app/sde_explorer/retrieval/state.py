"""What the Retrieval view keeps. No streamlit here."""

from dataclasses import dataclass
from typing import Literal

from sde_explorer.shared_state import SharedState

RecallMetric = Literal["R@1", "R@5", "R@10", "MRR", "median rank"]
Gallery = Literal["primary", "all"]
Way = Literal["text → image", "image → text"]
RecallPart = Literal["Treatments", "Keep how much?"]
RecallLook = Literal["All numbers", "Query by query", "Other thresholds", "Settings"]


@dataclass(frozen=True, kw_only=True)
class RetrievalState(SharedState):
    """What the Retrieval view keeps.

    Attributes:
        recall_metric: what the chart of the retrieval table shows.
        recall_captions: captions in the gallery of the retrieval table: each picture's first, or every one.
        recall_row: row of that table whose changes are shown query by query.
        recall_way: direction of search of those changes, and of the finding.
        recall_part: what is measured: treatments of the vectors, or what keeping less of them costs.
        kept: of these, what is taken along, such as "pca 96 int8"; "" is what is recommended.
        recall_look: the open part of the Retrieval view.
    """

    recall_metric: RecallMetric = "R@1"
    recall_captions: Gallery = "primary"
    recall_row: str = "sde-enhanced"
    recall_way: Way = "text → image"
    recall_part: RecallPart = "Treatments"
    kept: str = ""
    recall_look: RecallLook = "All numbers"

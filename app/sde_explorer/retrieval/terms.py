"""What the rows, columns and controls of the retrieval table mean."""

import sde_core as sde
from sde_core.treatments.table import baseline_term
from sde_core.treatments.ways import WAYS
from sde_explorer.ui.formulas import with_formulas

_WORDS = {
    "recall_metric": (
        "R@k: share of queries with a right answer among the first k. MRR: mean of 1 / rank of the first right answer. "
        "Median rank: half of the queries find an answer at this rank or before. Ties take the middle rank."
    ),
    "recall_captions": (
        "Captions in the gallery, each of which is also a query: the first of every picture (as on the Overview), or "
        "all of them. Equal captions count once and are right for every picture that carries them."
    ),
    "recall_row": "Which row of the table stands on the other side: ranks before are those of the raw vectors.",
    "recall_way": "What asks and what is found: captions find pictures, or pictures find captions.",
    "gap": (
        "Distance between the mean picture and the mean caption of the tested pairs, unit rows, as the row maps them; "
        "0 is the same place. Rows that only score leave the gap as it is (=). A smaller gap is no gain "
        "by itself: look at the recalls."
    ),
}
_FORMULAS = {
    "recall_metric": ("", "6.15, 6.16"),
    "gap": (r"\|\langle x \rangle - \langle y \rangle\|", "6.8"),
}
HELP = with_formulas(_WORDS, _FORMULAS)

_OURS = with_formulas(
    {
        "sde-enhanced": (
            "The gains of the Curriculum page at t and at these thresholds [R], applied after training [X]."
        ),
        "sde-pruned": "Noise directions become 0 at these thresholds [X].",
    },
    {"sde-enhanced": ("", "3.13"), "sde-pruned": ("", "3.13")},
)
ROWS = {name: _OURS[name] if name in _OURS else baseline_term(name).help for name in sde.comparison_names()}
"""What each row does, in one sentence."""
TRANSDUCTIVE = frozenset(name for name, way in WAYS.items() if way.transductive)
"""Rows that see all queries of the test before they rank one."""

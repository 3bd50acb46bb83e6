"""What the rows, columns and controls of the retrieval table mean."""

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
        "0 is the same place. Rows that only score leave the gap as it is. A smaller gap is no gain "
        "by itself: look at the recalls."
    ),
}
_FORMULAS = {
    "recall_metric": ("", "6.15, 6.16"),
    "gap": (r"\|\langle x \rangle - \langle y \rangle\|", "6.8"),
}
HELP = with_formulas(_WORDS, _FORMULAS)

_ROW_WORDS = {
    "raw": "the vectors as the encoder made them",
    "sde-enhanced": "the gains of the Curriculum page at t and at these thresholds [R], applied after training [X]",
    "sde-pruned": "noise directions become 0 at these thresholds [X]",
    "mean-shift": "each modality's mean is taken away, which closes the gap",
    "all-but-the-top": "mean and first directions are taken away (Mu & Viswanath 2018)",
    "whitening": "all directions get equal energy, with shrinkage",
    "pca-truncation": "noise directions by rule mp-iqr become 0, whatever the page's thresholds",
    "csls": "items near to many queries score less (Conneau et al. 2018)",
    "inverted-softmax": "scores are normalised over reference queries (Smith et al. 2017)",
    "dynamic-inverted-softmax": "the same, only where the best item is a hub: QB-Norm (Bogolin et al. 2022)",
    "nnn": "items near to many queries score less: NNN (Chowdhury et al. 2024)",
}
ROWS = with_formulas(
    _ROW_WORDS,
    {
        "sde-enhanced": ("", "3.13"),
        "sde-pruned": ("", "3.13"),
        "mean-shift": ("", "7.2"),
        "all-but-the-top": ("", "7.3"),
        "whitening": ("", "7.5"),
        "pca-truncation": ("", "7.4"),
        "csls": ("", "7.6"),
        "inverted-softmax": ("", "7.7"),
        "dynamic-inverted-softmax": ("", "7.8"),
        "nnn": ("", "7.9"),
    },
)
"""What each row does, in half a sentence."""

"""What each control and number of the Subspaces view means: its help texts."""

from sde_explorer.ui.formulas import with_formulas

_WORDS = {
    "basis": (
        "Whose singular directions to read: of the pictures, of the captions, of both in one matrix (joint), or the "
        "pairs of directions that covary most across the modalities (cross)."
    ),
    "direction_energy": "Share of $\\sum s^2$ along this direction: how much of the spread of its matrix it holds.",
    "direction_correlation": (
        "Pearson's correlation of paired picture and caption coefficients. Its p-value is the share of seeded "
        "shuffles of the pairs that reach it, one-sided: a direction that opposes its pairs is no help to retrieval."
    ),
    "direction_gap": (
        "Share of the squared distance between mean picture and mean caption (unit rows) along this direction. Over "
        "all directions and the rest outside them the shares add up to 1."
    ),
    "direction_cosine": (
        "Part of the mean cosine of a picture and its caption that comes from this direction (unit rows, mean not "
        "removed); negative where pairs disagree. All parts and the rest outside add up to the paired cosine."
    ),
    "pairs": "Which pairs to list. Signal is strong and weak energy together, at the thresholds above.",
    "map": "PCA shows the plane of most variance; UMAP keeps neighbourhoods and is laid out in the background.",
    "map_of": "Pictures, captions, or both in one map.",
    "map_colour": (
        "Each vector's share of energy in a band at the thresholds above, its modality, or a metadata column."
    ),
    "pick_words": (
        "Picks every picture of which one caption holds all of these words; the same as a lasso around their points, "
        "by keyboard."
    ),
    "map_points": "A UMAP of 20,000 points takes about a minute on two cores, one of 100,000 several.",
}
_FORMULAS = {
    "direction_energy": (r"s_i^2 / \sum s^2", "6.25"),
    "direction_correlation": (r"\text{corr}(Xv, Yv)", "6.12"),
    "direction_gap": (
        r"(\delta \cdot v_i)^2 / \|\delta\|^2,\ \delta = \langle x \rangle - \langle y \rangle",
        "6.27",
    ),
    "direction_cosine": (r"\langle (x \cdot v_i)(y \cdot v_i) \rangle", "6.28"),
    "pairs": (r"z_i^2 / \|x - \mu\|^2", "6.26"),
}
HELP = with_formulas(_WORDS, _FORMULAS)

"""What each number means, in a sentence with its formula and source: the help texts of all views."""

from sde_core.glossary import TERMS
from sde_core.partition.rules import rule_names, rule_term
from sde_explorer.ui.formulas import with_formulas

_WORDS = {
    "data": (
        "A bundled set of pairs, one that was encoded here, or the folder of a saved embedding set: type its path."
    ),
    "encoder": "The encoders that have encoded this data here; the Data page encodes it with another one.",
    "part": (
        "Narrow the set down by its metadata. Values of one column add up (split=test, split=val); columns narrow each "
        "other down (split=test, style=noto). All numbers follow."
    ),
    "pairs": "Pictures with at least one caption. Broken ones were skipped and are listed on this page.",
    "image_to_text": (
        "Share of pictures that find a right caption first (R@1) and among the first ten (R@10). Gallery: the primary "
        "captions of what is shown; equal captions count once. Chance is a random ranking, in closed form."
    ),
    "text_to_image": (
        "Share of primary captions that find one of their pictures first (R@1) and among the first ten (R@10). "
        "Chance is a random ranking, in closed form."
    ),
    "rule": "How the two thresholds are found. What the rule assumed, and whether that holds, stands below the charts.",
    "noise": (
        "Directions at or below this threshold are noise. It is a multiple of the rule's own threshold, so that one "
        "control means the same for pictures and captions, whose singular values differ in size; 1 is the rule. The "
        "chart shows where it lies for each."
    ),
    "strong": (
        "Directions above this threshold are strong. A multiple of the rule's own threshold, for both modalities; 1 is "
        "the rule. Below the noise threshold it is raised to it."
    ),
    "center": (
        "Remove the mean first (usual for analysis), or keep it: then the first direction is mostly the cone in which "
        "all vectors of a modality sit."
    ),
    "transform": (
        "What every view that compares before and after does to the vectors. **none**: nothing. **enhanced**: the "
        "gains of the Curriculum page at t. **pruned**: noise directions become 0, all others stay [X]. It is a linear "
        "map fitted on this set; the Curriculum page saves it. Where a view shows after beside before and nothing is "
        "chosen, it shows enhanced."
    ),
    "t": ("Share of training done, 0 to 1: the moment whose gains are applied, in all views."),
    "show": "Which modalities the charts and tables show.",
    "spectra": (
        "The singular values of each modality; of both in one matrix, one above the other (joint); or of their "
        "cross-covariance (cross), the only one that knows which picture belongs to which caption."
    ),
    "batch": (
        "How many pairs the spectra are of. A training loss sees batches, not the whole set: fewer pairs show fewer "
        "directions above the noise. Drawn with a seed; a larger batch contains the smaller ones."
    ),
    "seed": "Draw other pairs: the next seed.",
    "overlay": (
        "chance: what 19 shuffles give (columns shuffled; for the cross spectrum pairs). bootstrap: where the values "
        "lie in 90 % of 100 draws of the same rows with replacement."
    ),
    "unit": "Count directions by rank, or as a share of all directions.",
    "xscale": "Scale of the rank: log spreads out the first directions.",
    "yscale": "Scale of the singular values: log shows the small ones, linear shows how far the first stand out.",
}
_FORMULAS = {
    "image_to_text": (r"\#\{\text{best rank} \le k\} / \#\text{queries}", "6.15"),
    "text_to_image": (r"\#\{\text{best rank} \le k\} / \#\text{queries}", "6.15"),
    "noise": (r"s \le \tau_\text{noise}", "2.6"),
    "strong": (r"s > \tau_\text{strong}", "2.7"),
    "transform": ("", "3.13"),
    "t": (r"\alpha(t)", "3.2"),
    "spectra": (r"[X; Y],\ C = X^T Y / m", "1.6"),
    "overlay": (r"s_i\,[q_{0.05}(s_i^*), q_{0.95}(s_i^*)] / q_{0.5}(s_i^*)", "1.11"),
}
HELP = {key: term.help for key, term in TERMS.items()} | with_formulas(_WORDS, _FORMULAS)

CROSS_JUDGE = (
    "The cross spectrum is about pairs, not about one matrix of noise: signal is what shuffled pairs do not reach; "
    "both modalities stay as they are."
)
RULES = {name: rule_term(name).help for name in rule_names() if name != "manual"}
"""What each partition rule does, in one sentence, as the rule itself says it."""

_STRIP = (
    "effective_rank",
    "stable_rank",
    "participation_ratio",
    "isoscore",
    "alpha_req",
    "cone",
    "modality_gap",
    "alignment",
    "uniformity",
    "two_nn",
    "hubness",
)
METRICS = {key: TERMS[key].name for key in _STRIP}
"""Names of the metrics in the order of the strip."""

OF_THE_SPECTRUM = "columns shuffled"
CONTROLS = {key: TERMS[key].control for key in _STRIP if TERMS[key].control != OF_THE_SPECTRUM}
"""What the control of a metric is; of all others the columns are shuffled, of the cross spectrum the pairs."""

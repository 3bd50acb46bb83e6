"""What each number means, in a sentence with its formula and source: the help texts of all views."""

from sde_explorer.ui.formulas import with_formulas

_WORDS = {
    "data": (
        "A bundled set of pairs, one that was encoded here, or the folder of a saved embedding set: type its path."
    ),
    "encoder": "The encoders by which this data was encoded here. The Data page encodes it by another one.",
    "part": (
        "Narrow the set down by its metadata. Values of one column add up (split=test, split=val); columns narrow each "
        "other down (split=test, style=noto). All numbers follow."
    ),
    "pairs": "Pictures with at least one caption. Broken ones were skipped and are listed on this page.",
    "effective_rank": (
        "How many directions the set really uses: exp of the entropy of $s/\\sum s$, with the mean handled as chosen. "
        "Equal singular values give the full width, one dominant value gives 1. Roy & Vetterli 2007; RankMe, Garrido "
        "et al. 2023."
    ),
    "effective_rank_energy": "Effective rank of the energies: exp of the entropy of $s^2/\\sum s^2$.",
    "rank": "Directions with a singular value above the numerical rank cut, about eps · max(m, n) · $s_1$.",
    "stable_rank": "$\\sum s^2 / s_1^2$: how many directions as strong as the first would hold all the energy.",
    "participation_ratio": "$(\\sum s^2)^2 / \\sum s^4$: the number of directions that share the energy evenly.",
    "isoscore": "(participation ratio − 1) / (width − 1): 0 is one direction, 1 is a sphere. Rudman et al. 2022.",
    "alpha_req": (
        "Minus the slope of $\\log s^2$ over $\\log$ rank: 0 is a flat spectrum, larger decays faster. "
        "Agrawal et al. 2022."
    ),
    "alignment": (
        "Mean squared distance of a picture and its own caption, unit rows: 0 is the same point, 2 is a right angle. "
        "Wang & Isola 2020."
    ),
    "uniformity": (
        "$\\log E \\exp(-2\\|x - x'\\|^2)$ over pairs of rows of one modality: 0 is one point, about −4 is an even "
        "sphere. Of more than 4,096 rows a seeded sample. Wang & Isola 2020."
    ),
    "two_nn": (
        "Intrinsic dimension from the ratio of the second to the first neighbour's distance; equal captions count "
        "once. Facco et al. 2017."
    ),
    "hubness": (
        "Skewness of how often an item is among the 10 nearest of a query: near 0 nobody is favoured, well above 1 a "
        "few items are everybody's neighbour and spoil retrieval. Radovanović et al. 2010."
    ),
    "cone": (
        "Mean cosine of two different vectors of one modality, unit rows: 0 is spread over the sphere, 1 is one point. "
        "Contrastive encoders sit in a narrow cone. Liang et al. 2022."
    ),
    "modality_gap": (
        "Distance between the mean picture and the mean caption, unit rows: 0 means that both modalities sit in the "
        "same place, 2 is the opposite pole. Liang et al. 2022."
    ),
    "paired_cosine": (
        "Mean cosine of a picture and its own primary caption, with that of random pairs below: the distance between "
        "the two is what retrieval lives on."
    ),
    "linear_cka": (
        "Linear CKA of pictures and captions, $\\|X^T Y\\|_F^2 / (\\|X^T X\\|_F \\|Y^T Y\\|_F)$ after centring: 1 if "
        "one is a rotation of the other, near 0 if unrelated. Below: shuffled pairs. Kornblith et al. 2019."
    ),
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
    "effective_rank": ("", "6.1"),
    "effective_rank_energy": ("", "6.1"),
    "rank": ("", "1.2"),
    "stable_rank": ("", "6.2"),
    "participation_ratio": ("", "6.3"),
    "isoscore": ("", "6.4"),
    "alpha_req": ("", "6.5"),
    "alignment": (r"\langle \|x_i - y_i\|^2 \rangle", "6.9"),
    "uniformity": ("", "6.10"),
    "two_nn": (r"-\log(1 - F(r_2/r_1)) / \log(r_2/r_1)", "6.21"),
    "hubness": (r"\langle (N_{10} - \langle N_{10}\rangle)^3 \rangle / \sigma^3", "6.20"),
    "cone": (r"(\|\sum x_i\|^2 - m) / (m(m-1))", "6.7"),
    "modality_gap": (r"\|\langle x \rangle - \langle y \rangle\|", "6.8"),
    "paired_cosine": (r"\langle x_i \cdot y_i \rangle", "6.28"),
    "linear_cka": ("", "6.11"),
    "image_to_text": (r"\#\{\text{best rank} \le k\} / \#\text{queries}", "6.15"),
    "text_to_image": (r"\#\{\text{best rank} \le k\} / \#\text{queries}", "6.15"),
    "noise": (r"s \le \tau_\text{noise}", "2.6"),
    "strong": (r"s > \tau_\text{strong}", "2.7"),
    "transform": ("", "3.13"),
    "t": (r"\alpha(t)", "3.2"),
    "spectra": (r"[X; Y],\ C = X^T Y / m", "1.6"),
    "overlay": (r"s_i\,[q_{0.05}(s_i^*), q_{0.95}(s_i^*)] / q_{0.5}(s_i^*)", "1.11"),
}
HELP = with_formulas(_WORDS, _FORMULAS)

_RULE_WORDS = {
    "mp-iqr": (
        "Noise up to the edge of the Marchenko-Pastur law, strong above the Tukey fence of the quartiles. The idea is "
        "the paper's [P], the formula is our reconstruction [R]."
    ),
    "energy": "Strong are the first directions that hold half of the energy, weak those up to nine tenths.",
    "gavish-donoho": (
        "Noise up to the optimal hard threshold for matrices with iid noise, strong above the Tukey fence. "
        "Gavish & Donoho 2014."
    ),
    "screenot": (
        "Noise up to the threshold that loses least, for noise that need not be iid; strong above the Tukey fence. "
        "Donoho, Gavish & Romanov 2023."
    ),
    "parallel": (
        "Noise is what the set with its columns shuffled reaches by chance (95th percentile); strong above the Tukey "
        "fence. Horn 1965."
    ),
    "bema": (
        "Noise level from the middle of the bulk, edge by Tracy-Widom; strong above the Tukey fence. Ke, Ma & Lin 2023."
    ),
    "cross-modal": (
        "Signal is a direction along which paired pictures and captions agree beyond shuffled ones; our extension [X]. "
        "It labels each direction, so there is no threshold to move."
    ),
}
CROSS_JUDGE = (
    "The cross spectrum is about pairs, not about one matrix of noise: signal is what shuffled pairs do not reach; "
    "both modalities stay as they are."
)
RULES = with_formulas(
    _RULE_WORDS,
    {
        "mp-iqr": ("", "2.6"),
        "energy": ("", "2.8"),
        "gavish-donoho": ("", "2.10"),
        "screenot": ("", "2.11"),
        "parallel": ("", "2.13"),
        "bema": ("", "2.14"),
        "cross-modal": ("", "2.17"),
    },
)
"""What each partition rule does, in one sentence."""

METRICS = {
    "effective_rank": "Effective rank",
    "stable_rank": "Stable rank",
    "participation_ratio": "Participation ratio",
    "isoscore": "IsoScore",
    "alpha_req": "α-ReQ",
    "cone": "Cone",
    "modality_gap": "Modality gap",
    "alignment": "Alignment",
    "uniformity": "Uniformity",
    "two_nn": "TwoNN dimension",
    "hubness": "Hubness",
}
"""Names of the metrics in the order of the strip."""

CONTROLS = {
    "cone": "random signs",
    "modality_gap": "modalities mixed",
    "alignment": "random pairs",
    "uniformity": "",
}
"""What the control of a metric is; of all others the columns are shuffled, of the cross spectrum the pairs."""

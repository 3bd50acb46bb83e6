"""What each number means, in a sentence with its formula and source: the help texts of all views."""

HELP = {
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
    "show": "Which spectra the charts and tables show.",
    "unit": "Count directions by rank, or as a share of all directions.",
    "xscale": "Scale of the rank: log spreads out the first directions.",
    "yscale": "Scale of the singular values: log shows the small ones, linear shows how far the first stand out.",
}

RULES = {
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
"""What each partition rule does, in one sentence."""

METRICS = {
    "effective_rank": "Effective rank",
    "effective_rank_energy": "Effective rank, s²",
    "stable_rank": "Stable rank",
    "participation_ratio": "Participation ratio",
    "isoscore": "IsoScore",
    "alpha_req": "α-ReQ",
}
"""Names of `sde_core.spectrum_metrics` in the order of the strip."""

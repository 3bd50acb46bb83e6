"""What each number means, in a sentence with its formula and source: the help texts of all views."""

HELP = {
    "pairs": "Pictures with at least one caption. Broken ones were skipped and are listed below.",
    "captions": "Distinct captions. A caption that several pictures share counts once.",
    "width": "Number of features of a vector, n.",
    "rank": "Directions with a singular value above the numerical rank cut (eps · max(m, n) · s₁).",
    "effective_rank": (
        "How many directions the set really uses: exp of the entropy of s/Σs, after taking off the mean. "
        "Equal singular values give the full width, one dominant value gives 1. Roy & Vetterli 2007; RankMe."
    ),
    "effective_rank_energy": "As effective rank, on the energies s² instead of s.",
    "stable_rank": "Σs² / s₁²: how many directions as strong as the first would hold all the energy.",
    "participation_ratio": "(Σs²)² / Σs⁴: the number of directions that share the energy evenly.",
    "isoscore": "(participation ratio − 1) / (width − 1): 0 is one direction, 1 is a sphere. Rudman et al. 2022.",
    "alpha_req": (
        "Minus the slope of log s² over log rank: 0 is a flat spectrum, larger decays faster. Agrawal et al. 2022."
    ),
    "cone": (
        "Mean cosine of two different vectors of one modality, from unit rows: 0 is spread over the sphere, "
        "1 is one point. Contrastive encoders sit in a narrow cone. Liang et al. 2022."
    ),
    "modality_gap": (
        "Distance between the mean picture and the mean caption, unit rows: 0 means that both modalities sit in "
        "the same place, 2 is the opposite pole. Liang et al. 2022."
    ),
    "paired_cosine": "Mean cosine of a picture and its own primary caption; random pairs give the number below it.",
    "linear_cka": (
        "Linear CKA of pictures and captions: 1 if one is a rotation of the other, near 0 if unrelated; the "
        "number below it is for shuffled pairs. Kornblith et al. 2019."
    ),
    "image_to_text": (
        "Share of pictures that find a right caption among the first 10 (R@10). Gallery: the set's primary "
        "captions; equal captions count once. Below: what a random ranking would reach."
    ),
    "text_to_image": (
        "Share of primary captions that find one of their pictures among the first 10 (R@10). "
        "Below: what a random ranking would reach."
    ),
    "rule": "How the two thresholds are found from the spectrum. The rule's own sentence stands below the chart.",
    "noise": (
        "Noise threshold as a multiple of the rule's own, for both modalities at once: 1 is the rule. "
        "Directions at or below it are noise."
    ),
    "strong": (
        "Strong threshold as a multiple of the rule's own, for both modalities at once: 1 is the rule. "
        "Directions above it are strong; never below the noise threshold."
    ),
    "center": (
        "Take off the mean first (usual for analysis), or leave it in: then the first direction is the cone."
    ),
}

METRICS = {
    "rank": "rank",
    "effective_rank": "effective rank",
    "effective_rank_energy": "effective rank, energy",
    "stable_rank": "stable rank",
    "participation_ratio": "participation ratio",
    "isoscore": "IsoScore",
    "alpha_req": "α-ReQ",
}
"""Names of `sde_core.spectrum_metrics` in the order of the table."""

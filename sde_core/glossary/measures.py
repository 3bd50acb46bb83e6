"""The measures of one set: of a spectrum, of both modalities beside each other, of retrieval."""

from sde_core.glossary.term import Format, Term

SPECTRUM = [
    Term(
        key="effective_rank",
        name="Effective rank",
        sentence=(
            "How many directions the set uses: equal singular values give the full width, one dominant "
            "value 1."
        ),
        formula=r"\exp H(s / \sum s)",
        written="exp of the entropy of s / Σs",
        equation="6.1",
        source="Roy & Vetterli 2007; Garrido et al. 2023",
        unit="directions",
        control="columns shuffled",
        aliases=("RankMe",),
    ),
    Term(
        key="effective_rank_energy",
        name="Effective rank of s²",
        sentence="The same for the energies, which large directions dominate.",
        formula=r"\exp H(s^2 / \sum s^2)",
        written="exp of the entropy of s² / Σs²",
        equation="6.1",
        unit="directions",
        control="columns shuffled",
    ),
    Term(
        key="stable_rank",
        name="Stable rank",
        sentence="How many directions as strong as the first would hold all the energy.",
        formula=r"\sum s^2 / s_1^2",
        written="Σs² / s₁²",
        equation="6.2",
        source="Rudelson & Vershynin 2007",
        unit="directions",
        control="columns shuffled",
        aliases=("numerical rank", "NESum"),
    ),
    Term(
        key="participation_ratio",
        name="Participation ratio",
        sentence="The number of directions that share the energy evenly.",
        formula=r"(\sum s^2)^2 / \sum s^4",
        written="(Σs²)² / Σs⁴",
        equation="6.3",
        unit="directions",
        control="columns shuffled",
    ),
    Term(
        key="isoscore",
        name="IsoScore",
        sentence="How evenly the space is filled: 0 is one direction, 1 is a sphere.",
        formula=r"(PR - 1) / (n - 1)",
        written="(participation ratio − 1) / (width − 1)",
        equation="6.4",
        source="Rudman et al. 2022",
        control="columns shuffled",
    ),
    Term(
        key="alpha_req",
        name="α-ReQ",
        sentence="How fast the spectrum decays: 0 is flat.",
        formula=r"-\,d \log s^2 / d \log \text{rank}",
        written="minus the slope of log s² over log rank",
        equation="6.5",
        source="Agrawal et al. 2022",
        control="columns shuffled",
        aliases=("alpha-ReQ",),
    ),
    Term(
        key="rank",
        name="Rank",
        sentence="Directions with a singular value above the numerical cut.",
        formula=r"\#\{s_i > \epsilon \max(m, n)\, s_1\}",
        written="s above about eps · max(m, n) · s₁",
        equation="1.2",
        unit="directions",
    ),
    Term(
        key="two_nn",
        name="TwoNN dimension",
        sentence="Intrinsic dimension from the two nearest neighbours of each row; equal texts count once.",
        formula=r"-\log(1 - F(r_2/r_1)) / \log(r_2/r_1)",
        written="slope of −log(1 − F) over log(r₂ / r₁)",
        equation="6.21",
        source="Facco et al. 2017",
        unit="dimensions",
        control="columns shuffled",
    ),
]
"""Of the singular values of one matrix, or of its rows."""

PAIRS = (
    Term(
        key="modality_gap",
        name="Modality gap",
        sentence=(
            "Distance between the mean image and the mean text, unit rows: 0 is the same place, 2 the "
            "opposite pole."
        ),
        formula=r"\|\langle x \rangle - \langle y \rangle\|",
        written="‖mean image − mean text‖",
        equation="6.8",
        source="Liang et al. 2022",
        control="modalities mixed",
    ),
    Term(
        key="cone",
        name="Cone",
        sentence=(
            "Mean cosine of two different vectors of one modality: 0 is spread over the sphere, 1 is one "
            "point."
        ),
        formula=r"(\|\sum x_i\|^2 - m) / (m(m-1))",
        written="(‖Σx‖² − m) / (m (m − 1))",
        equation="6.7",
        source="Liang et al. 2022",
        control="random signs",
    ),
    Term(
        key="paired_cosine",
        name="Paired cosine",
        sentence=(
            "Mean cosine of an image and its own primary text; its distance to random pairs is what "
            "retrieval lives on."
        ),
        formula=r"\langle x_i \cdot y_i \rangle",
        written="mean of x · y",
        equation="6.28",
        control="random pairs",
    ),
    Term(
        key="linear_cka",
        name="Linear CKA",
        sentence="1 if one modality is a rotation and scaling of the other, near 0 if they are unrelated.",
        formula=r"\|X^T Y\|_F^2 / (\|X^T X\|_F \|Y^T Y\|_F)",
        written="‖XᵀY‖² / (‖XᵀX‖ ‖YᵀY‖), centred",
        equation="6.11",
        source="Kornblith et al. 2019",
        control="pairs shuffled",
    ),
    Term(
        key="alignment",
        name="Alignment",
        sentence=(
            "Mean squared distance of an image and its own text, unit rows: 0 is the same point, 2 a "
            "right angle."
        ),
        formula=r"\langle \|x_i - y_i\|^2 \rangle",
        written="mean of ‖x − y‖²",
        equation="6.9",
        source="Wang & Isola 2020",
        control="random pairs",
    ),
    Term(
        key="uniformity",
        name="Uniformity",
        sentence=(
            "How evenly one modality covers the sphere: 0 is one point, about −4 is even; of more than "
            "4,096 rows a seeded sample."
        ),
        formula=r"\log E \exp(-2\|x - x'\|^2)",
        written="log mean exp(−2 d²)",
        equation="6.10",
        source="Wang & Isola 2020",
    ),
    Term(
        key="frechet_squared",
        name="Fréchet² of the gap",
        sentence=(
            "Squared Fréchet distance of both modalities as Gaussians: means, sizes, shapes and directions of their "
            "spread, which add up."
        ),
        formula=r"\|\mu_x - \mu_y\|^2 + \mathrm{tr} A + \mathrm{tr} B - 2 \|A^{1/2} B^{1/2}\|_*",
        written="‖mean − mean‖² + tr A + tr B − 2 ‖A^½ B^½‖",
        equation="6.37",
        source="Dowson & Landau 1982",
        control="0, the same Gaussian",
    ),
    Term(
        key="relative",
        name="Relative modality gap",
        sentence="Distance of pairs over itself plus the distance within modalities: 0 together, 1 two points.",
        formula=r"m / (m + (a + b) / 2)",
        written="m / (m + (a + b) / 2)",
        equation="6.39",
        source="Schrodi et al. 2025",
        control="1/2, pairs as far apart as any two rows",
        aliases=("RMG",),
    ),
    Term(
        key="hubness",
        name="Hubness",
        sentence=(
            "Skewness of how often an item is among the 10 nearest of a query: well above 1, few items "
            "are everybody's neighbour."
        ),
        formula=r"\langle (N_{10} - \langle N_{10}\rangle)^3 \rangle / \sigma^3",
        written="skewness of N₁₀",
        equation="6.20",
        source="Radovanović et al. 2010",
        control="columns shuffled",
    ),
)
"""Of two modalities beside each other, or of one modality's rows on the sphere."""

RETRIEVAL = (
    Term(
        key="recall",
        name="Recall at k",
        sentence=(
            "Share of queries with a right answer among the first k; tied scores count by their chance, "
            "equal texts once."
        ),
        formula=r"\#\{\text{best rank} \le k\} / \#\text{queries}",
        written="queries with best rank ≤ k / queries",
        equation="6.15",
        unit="% of queries",
        format=Format.RECALL,
        control="a random ranking, in closed form",
        aliases=("R@k",),
    ),
    Term(
        key="mrr",
        name="MRR",
        sentence="Mean over queries of 1 / rank of the first right answer.",
        formula=r"\langle 1 / \text{best rank} \rangle",
        written="mean of 1 / best rank",
        equation="6.16",
        aliases=("mean reciprocal rank",),
    ),
    Term(
        key="median_rank",
        name="Median rank",
        sentence="Half of the queries find a right answer at this rank or before.",
        equation="6.16",
        unit="rank",
    ),
)
"""Of queries and a gallery; one value for each direction."""

"""The measures of two encoders on the same rows: similarities, what differs, what a code keeps."""

from sde_core.glossary.term import Format, Term

BETWEEN = (
    Term(
        key="neighbourhood_overlap",
        name="Neighbours kept",
        sentence=(
            "Of a row's 10 nearest rows by cosine in A, the share that is among its 10 nearest in B, "
            "averaged."
        ),
        formula=r"|N_A(i) \cap N_B(i)| / k",
        written="|N_A ∩ N_B| / k",
        equation="6.29",
        source="Huh et al. 2024",
        format=Format.SHARE,
        control="k / (m − 1)",
        aliases=("mutual k-NN",),
    ),
    Term(
        key="subspace_overlap",
        name="Subspace overlap",
        sentence="1 if one subspace holds the other, 0 at right angles.",
        formula=r"\|V_A^T V_B\|_F^2 / k",
        written="‖V_Aᵀ V_B‖² / k",
        equation="6.18",
        format=Format.SHARE,
        control="subspaces at random",
    ),
    Term(
        key="unbiased_cka",
        name="Unbiased CKA",
        sentence="Linear CKA whose mean is 0 for unrelated rows, whatever the width.",
        formula=r"H(K, L) / \sqrt{H(K, K) H(L, L)}",
        written="H(K, L) / √(H(K, K) H(L, L))",
        equation="6.41",
        source="Song et al. 2012; Nguyen et al. 2021",
        control="pairs shuffled",
    ),
    Term(
        key="cknna",
        name="CKNNA",
        sentence="The same of cosines, over the neighbours that both spaces share.",
        equation="6.42",
        source="Huh et al. 2024",
        control="pairs shuffled",
    ),
    Term(
        key="mutual_knn",
        name="Mutual kNN",
        sentence="Share of a row's 10 nearest rows by cosine that both spaces agree on, averaged.",
        equation="6.29",
        source="Huh et al. 2024",
        control="pairs shuffled",
    ),
    Term(
        key="svcca",
        name="SVCCA",
        sentence="Mean canonical correlation of what holds 99 % of the variance; high for few rows.",
        equation="6.43",
        source="Raghu et al. 2017",
        control="pairs shuffled",
    ),
    Term(
        key="pwcca",
        name="PWCCA",
        sentence="Canonical correlations weighted by what each explains of the first space.",
        equation="6.44",
        source="Morcos et al. 2018",
        control="pairs shuffled",
    ),
    Term(
        key="procrustes",
        name="Procrustes similarity",
        sentence="How well one rotation brings one space onto the other: 1 is exactly.",
        formula=r"\|X^T Y\|_* / (\|X\|_F \|Y\|_F)",
        written="‖XᵀY‖ nuclear / (‖X‖ ‖Y‖)",
        equation="6.45",
        source="Schönemann 1966",
        control="pairs shuffled",
    ),
    Term(
        key="rsa",
        name="RSA",
        sentence="Rank correlation of the cosines between rows in one space with those in the other.",
        equation="6.46",
        source="Kriegeskorte et al. 2008",
        control="pairs shuffled",
    ),
    Term(
        key="calibrated_score",
        name="Calibrated score",
        sentence="What a similarity says beyond shuffled pairs: 0 where it could be chance, 1 for the same space.",
        formula=r"\max(0, (s - \tau) / (1 - \tau))",
        written="max(0, (s − τ) / (1 − τ))",
        equation="6.47",
        source="arXiv 2602.14486, 2026",
        control="0, by construction",
    ),
    Term(
        key="residual",
        name="Distance from a map",
        sentence=(
            "How far a vector lies from what the simplest map makes of its twin, in units of the spread of all: 0 is "
            "explained."
        ),
        formula=r"\|y_i - f(x_i)\| / \sqrt{\langle \|y - \langle y \rangle\|^2 \rangle}",
        written="‖y − f(x)‖ / √mean ‖y − mean‖²",
        equation="6.31",
        control="0.001, the tolerance",
    ),
    Term(
        key="uneven",
        name="Unevenness of a change",
        sentence="Near 0, all rows changed alike, as by other weights; above 0.25, as by another preprocessing.",
        formula=r"\mathrm{sd}_i \log r_i",
        written="standard deviation of log r",
        equation="6.32",
        control="0.25",
    ),
    Term(
        key="fidelity",
        name="Fidelity of a code",
        sentence=(
            "Correlation of coded scores with those of whole vectors over unrelated pairs, predicted from covariances: "
            "1 keeps every order."
        ),
        formula=r"\mathrm{tr}(A_x^T A_y) / \sqrt{\mathrm{tr}(C_x C_y)\, \mathrm{tr}(V_x V_y)}",
        written="tr(AₓᵀA_y) / √(tr(CₓC_y) tr(VₓV_y))",
        equation="6.33",
        control="2/π, signs of even axes",
    ),
)
"""Of two encoders on the same rows."""

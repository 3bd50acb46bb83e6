"""What other packages compute under the name of a measure; each line is held by a test on shared arrays."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """One function of another package.

    Attributes:
        measure: key of our measure that has the name or comes nearest.
        package: with the version that was read and run.
        name: of the function there.
        says: what it computes, as far as that differs.
    """

    measure: str
    package: str
    name: str
    says: str


READ = "2026-11-30"
"""When the packages were read."""

OURS = {
    "effective_rank": "singular values, of centred rows unless asked otherwise, as shares of their sum; all rows",
    "effective_rank_energy": "their squares, as shares of their sum",
    "stable_rank": "squares over the first one; NESum where rows are centred",
    "alpha_req": "least squares of log energy on log rank, all ranks alike, centred rows",
    "linear_cka": "centred columns, biased",
    "rsa": "rank correlation of cosines between rows, each less the mean of all rows; each pair once",
    "recall": "any right item among the first k; ties by their chance; equal texts once",
    "mrr": "1 / rank of the first right item; ties by their chance",
}
"""Measure -> which of the variants is ours."""

ELSEWHERE = (
    Elsewhere(
        measure="effective_rank",
        package="reptrix 0.1.0",
        name="get_rankme",
        says="of energies of centred rows, 1e-7 added to each share: our effective rank of s²",
    ),
    Elsewhere(
        measure="effective_rank",
        package="stable-pretraining 0.1.8",
        name="RankMe",
        says="not centred, 1e-5 added to each share and not divided again, a queue at the first validation batch",
    ),
    Elsewhere(
        measure="effective_rank",
        package="monai 1.6.1",
        name="effective_rank_score",
        says="1 - ours / min(m - 1, n), centred: 1 is collapsed",
    ),
    Elsewhere(
        measure="effective_rank",
        package="reptrix 0.1.0",
        name="get_lidar",
        says="LiDAR, which we have not: RankMe of S_w^-1/2 S_b S_w^-1/2, here of the squares of its centred columns' "
        "singular values",
    ),
    Elsewhere(
        measure="alpha_req",
        package="reptrix 0.1.0",
        name="get_alpha",
        says="ranks 11 to 100 only, each weighted by 1 / rank",
    ),
    Elsewhere(
        measure="linear_cka",
        package="monai 1.6.1",
        name="domain_shift",
        says="the same; with unequal numbers of rows it pairs a random draw",
    ),
    Elsewhere(
        measure="rsa",
        package="rsatoolbox 0.3.2",
        name="compare, spearman",
        says="the same where rows and columns have mean 0; else of correlations, each row less its own mean",
    ),
    Elsewhere(
        measure="recall",
        package="torchmetrics 1.9.0",
        name="retrieval_hit_rate",
        says="the same without ties; its retrieval_recall is the share of all right items, another number with several",
    ),
    Elsewhere(
        measure="mrr",
        package="torchmetrics 1.9.0",
        name="retrieval_reciprocal_rank",
        says="the same without ties where scores are above 0; a right item of score 0 or less counts as not found, so "
        "give it cosines + 1",
    ),
)


def elsewhere(measure: str) -> str:
    """Return what other packages compute under the name of a measure, in a sentence; "" where none was read.

    >>> elsewhere("recall")[:48], elsewhere("hubness")
    ('Elsewhere: torchmetrics 1.9.0 retrieval_hit_rate', '')
    """
    found = [f"{each.package} {each.name}: {each.says}" for each in ELSEWHERE if each.measure == measure]
    return f"Elsewhere: {'; '.join(found)}." if found else ""

"""Numbers and sentences of a report."""

from collections.abc import Mapping, Sequence
from typing import Any

from sde_core.vocabulary import BANDS, DIRECTIONS

Content = Mapping[str, Any]
THIN = "\u202f"


def percent(share: float | None) -> str:
    """Return a share in percent, as people read it.

    >>> [percent(s).replace(THIN, " ") for s in (0.503, 0.0123, 0.0)]
    ['50 %', '1.2 %', '0 %']
    """
    if share is None:
        return "–"
    if 0 < share < 0.0005:
        return f"<{THIN}0.1{THIN}%"
    return f"{100 * share:.0f}{THIN}%" if share >= 0.0995 or share == 0 else f"{100 * share:.1f}{THIN}%"


def points(share: float | None) -> str:
    """Return a recall in percent without its sign, one decimal."""
    return "–" if share is None else f"{100 * share:.1f}"


def signed(value: float) -> str:
    """Return a difference with its sign; a true minus.

    >>> signed(-1.25), signed(0.5)
    ('−1.2', '+0.5')
    """
    return f"{value:+.1f}".replace("-", "−")


def plain(value: float | None, digits: int = 3) -> str:
    """Return a number with so many significant digits, or a dash."""
    if value is None or value != value:
        return "–"
    text = f"{value:.{digits}g}"
    return f"{value:,.0f}" if "e" in text or abs(value) >= 1000 else text.replace("-", "−")


def bands_sentence(modality: str, facts: Content) -> list[tuple[str, str]]:
    """Return which band holds what, as pieces of text with the colour that they are written in."""
    pieces = [(f"{modality.capitalize()}: ", "")]
    for place, band in enumerate(BANDS):
        found = facts["bands"][band]
        noun = "direction holds" if found["directions"] == 1 else "directions hold"
        pieces.append((f"{found['directions']:,} {band}", band))
        share = percent(found["energy_share"])
        end = (" of the energy, ", ", ", ".")[place]
        pieces.append((f" {noun} {share}{end}", ""))
    return pieces


_WAYS = tuple((way, way.label) for way in reversed(DIRECTIONS))


def retrieval_sentences(rows: Sequence[Content]) -> list[str]:
    """Return what the table says of the two SDE rows, and which rows help or hurt beyond the noise of queries."""
    sentences = []
    for row in rows[1:]:
        if row["treatment"].startswith("sde-"):
            found = [_change(row, prefix, way) for prefix, way in _WAYS]
            sentences.append(f"{row['treatment']}: {'; '.join(found)}.")
    verdicts = {row["treatment"]: {_verdict(row, prefix) for prefix, _ in _WAYS} for row in rows[1:]}
    for verdict in ("better", "worse"):
        names = [name for name, found in verdicts.items() if found == {verdict}]
        if names:
            sentences.append(
                f"{verdict.capitalize()} than raw at R@1 both ways beyond the noise of the queries: {', '.join(names)}."
            )
        elif verdict == "better":
            sentences.append(
                "No treatment is better than raw at R@1 both ways beyond the noise of the queries."
            )
    return sentences


def _change(row: Content, prefix: str, way: str) -> str:
    estimate, low, high = (100 * v for v in row["differences"][f"{prefix}_recall@1"])
    verdict = _verdict(row, prefix) or "no change beyond the noise of the queries"
    return f"{way} R@1 {signed(estimate)} points [{signed(low)}, {signed(high)}], {verdict}"


def _verdict(row: Content, prefix: str) -> str:
    """Return "better" or "worse" where the interval of R@1 leaves 0 out, else ""."""
    _, low, high = row["differences"][f"{prefix}_recall@1"]
    return "better" if low > 0 else "worse" if high < 0 else ""


METRICS = (
    (
        "effective_rank",
        "Effective rank",
        "directions in use: exp of the entropy of s / Σs (Roy & Vetterli 2007; RankMe)",
    ),
    ("effective_rank_energy", "Effective rank of s²", "the same of the energies s² / Σs²"),
    ("stable_rank", "Stable rank", "Σs² / s₁²: directions as strong as the first that would hold all energy"),
    ("participation_ratio", "Participation ratio", "(Σs²)² / Σs⁴: directions that share the energy evenly"),
    ("isoscore", "IsoScore", "(participation ratio − 1) / (width − 1): 0 one direction, 1 a sphere"),
    (
        "alpha_req",
        "α-ReQ",
        "minus the slope of log s² over log rank: larger decays faster (Agrawal et al. 2022)",
    ),
    ("rank", "Rank", "directions above the numerical rank cut"),
    ("two_nn", "TwoNN", "intrinsic dimension from the two nearest neighbours (Facco et al. 2017)"),
)
"""Name in the content, name for people, meaning."""

PAIRS = (
    (
        "modality_gap",
        "Modality gap",
        "",
        "distance between mean picture and mean caption, unit rows; 0 together",
    ),
    ("cone_image", "Cone, image", "", "mean cosine of two different pictures: 0 spread out, 1 one point"),
    ("cone_text", "Cone, text", "", "mean cosine of two different captions"),
    (
        "paired_cosine",
        "Paired cosine",
        "random_pair_cosine",
        "of a picture and its caption; control: mismatched pairs",
    ),
    (
        "linear_cka",
        "Linear CKA",
        "linear_cka_shuffled",
        "1 if one side is a rotation of the other; control: shuffled",
    ),
    ("alignment", "Alignment", "", "mean squared distance of a pair"),
    ("uniformity_image", "Uniformity, image", "", "log mean exp(−2 d²): 0 collapsed, near −4 even"),
    ("uniformity_text", "Uniformity, text", "", "the same of captions"),
    (
        "hubness_text_retrieval",
        "Hubness of captions",
        "",
        "skewness of how often each is among the 10 nearest; 0 no hubs",
    ),
    ("hubness_image_retrieval", "Hubness of pictures", "", "the same of pictures found by captions"),
)
"""Name in the content, name for people, name of the control, meaning."""

BOUNDS = (
    ("relative_change", "Change of the vectors", "‖F′ − F‖ / ‖F‖ ≤ e"),
    ("singular_value_shift", "Shift of a singular value", "|s′ᵢ − sᵢ| / s₁ ≤ e (Weyl)"),
    ("row_turn_by_change", "Turn of a row", "angle ≤ arcsin e"),
    (
        "row_turn_by_condition",
        "Turn of a row, by the condition",
        "angle ≤ arccos(2√κ / (1 + κ)) (Kantorovich)",
    ),
    ("gradient_scale", "Scale of a gradient", "‖dL/dF‖ / ‖dL/dF′‖ ≤ max(g, 1)"),
    ("step_change", "Change over 1 % of training", "‖A(t₂) − A(t₁)‖ ≤ ρ |α(t₂) − α(t₁)|"),
)
"""Name in the certificate, name for people, formula."""

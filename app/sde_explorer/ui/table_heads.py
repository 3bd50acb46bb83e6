"""Heads of our tables, each with its meaning on hover: a head without one cannot be drawn."""

import html

from sde_explorer.ui.formulas import with_formulas

_CELL = (
    "Mean of R@1, 5 and 10, both ways, in percent; below it the paired difference to whole vectors, 95 %, and (≈) what "
    "the spectrum predicts."
)
_HEAD_WORDS = {
    "band": "Strong, weak or noise: which side of the two thresholds the singular value lies on.",
    "directions": "Singular directions in the band, and their share of all directions of the matrix.",
    "energy": "Share of Σ s² that the directions of the band hold, s the singular values.",
    "rule": "How the two thresholds are found; one rule a row, all of the same spectrum.",
    "shares": "Share of the directions that the rule calls strong, weak and noise, as a bar.",
    "strong": "Directions above the strong threshold.",
    "weak": "Directions above the noise threshold, up to the strong one.",
    "noise": "Directions at or below the noise threshold.",
    "strong above": "The strong threshold τ of the rule, in units of the singular values.",
    "noise up to": "The noise threshold τ of the rule, in units of the singular values.",
    "energy of signal": "Share of Σ s² above the noise threshold: strong and weak together.",
    "bulk": (
        "Kolmogorov-Smirnov distance of the noise part to the Marchenko-Pastur law cut off at the noise threshold: 0 "
        "is the law itself."
    ),
    "guarantee": "What holds for the enhanced vectors whatever the data, from the gains alone; docs/method.md.",
    "measured": "What the enhancement of this set does, measured.",
    "bound": "What it can do at most, from e = max |g − 1| and the largest gain g.",
    "share of directions": "Directions in the band as a share of all, at the start → now, by the rule of the page.",
    "run": "This run: at the start → now.",
    "paper": "Published before → after SDE on MMEB (Guo et al. 2026) [P]; another model and other data.",
    "row": "What is done to the vectors or to the scores; hover over a name for what it is.",
    "image → text": "Pictures ask, captions answer.",
    "text → image": "Captions ask, pictures answer.",
    "R@1": "Share of queries with a right answer first, in percent.",
    "R@5": "Share of queries with a right answer among the first five, in percent.",
    "R@10": "Share of queries with a right answer among the first ten, in percent.",
    "MRR": "Mean over queries of 1 / rank of the first right answer.",
    "median rank": "Half of the queries find an answer at this rank or before.",
    "gap": "‖mean picture − mean caption‖, unit rows, of the tested pairs. Liang et al. 2022.",
    "asked": "The query.",
    "right answer": "The right answer that came first, with how many there are.",
    "rank": "Rank of the first right answer, before → after; ties take the middle rank.",
    "first before": "What raw vectors put first.",
    "first after": "What the row of the table puts first.",
    "A → B": "Of the set that is open (A), then of the one that it is compared with (B).",
    "A": "The set that is open.",
    "B": "The set that it is compared with.",
    "B − A": "The difference, on the rows that both sets have.",
    "B − A, 95 %": "The difference with its paired bootstrap interval over queries; bold where it excludes 0.",
    "chance": "What a random ranking reaches, in closed form.",
    "number": "How pictures and captions of a set lie to each other; unit rows.",
    "overlap": "‖V_Aᵀ V_B‖²_F / k: share of A's band that lies in this band of B; small: chance.",
    "separate": "How far directions keep to one column, and columns to one direction or band; 0 to 1.",
    "A, rotated": "Mean and range over 10 random rotations of A's directions: what no choice of axes gives.",
    "B, rotated": "The same of B's directions.",
    "axes": "Onto which axes vectors are put before they are cut.",
    "numbers kept": "Of each vector, the first on these axes.",
    "float32": f"Stored as they are. {_CELL}",
    "int8": f"256 levels a number. {_CELL}",
    "1 bit, float query": f"Signs, asked by vectors as they are. {_CELL}",
    "1 bit, 1-bit query": f"Signs, asked by signs. {_CELL}",
    "difference": "What is left between a row of A and its twin of B; the spread is that of A's rows.",
    "size": "Median over the rows, or one number of the whole.",
    "similarity": "How alike both spaces of the same rows are: at most 1, which is the same but for a rotation.",
    "value": "As measured; raw values are inflated by width and few rows.",
    "by chance": "Mean over shuffled rows: what no relation gives.",
    "score": "What of the value lies above the 95 % order statistic of the shuffles: 0 is chance, 1 the same space.",
    "p": "Share of shuffles that reach the value, the value counted in.",
    "measure": "Measure of retrieval, and which modality asks.",
}
HEADS = with_formulas(
    _HEAD_WORDS,
    {
        "strong above": ("", "2.7"),
        "noise up to": ("", "2.6"),
        "bulk": ("", "2.19"),
        "bound": ("", "3.7"),
        "R@1": ("", "6.15"),
        "R@5": ("", "6.15"),
        "R@10": ("", "6.15"),
        "MRR": ("", "6.16"),
        "median rank": ("", "6.16"),
        "gap": ("", "6.8"),
        "rank": ("", "6.14"),
        "separate": ("", "8.9"),
        "score": ("", "6.47"),
        "overlap": ("", "6.18"),
        "B − A, 95 %": ("", "6.23"),
    },
)
"""By term."""


def head(term: str, shown: str = "", *, look: str = "", span: int = 1) -> str:
    """Return the head of a column as HTML.

    Args:
        term: of `HEADS`.
        shown: HTML of our own; the term if it is empty.
        look: class of the cell.
        span: columns that it heads.
    """
    meaning = html.escape(HEADS[term], quote=True)
    more = (f' class="{look}"' if look else "") + (f' colspan="{span}"' if span > 1 else "")
    return f'<th scope="{"colgroup" if span > 1 else "col"}" title="{meaning}"{more}>{shown or term}</th>'

"""The sentences of the Curriculum view: what each knob does, and what the charts show, from their numbers."""

from typing import TYPE_CHECKING

import numpy as np

from sde_core.glossary.formats import percent
from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures.palette import word
from sde_explorer.ui.formulas import with_formulas

if TYPE_CHECKING:
    from sde_explorer.curriculum.numbers.certificate import CertificateReport
    from sde_explorer.readings.gains import GainReport

_KNOB_WORDS = {
    "transform": (
        "What every view that compares before and after does to the vectors. **none**: nothing. **enhanced**: the "
        "gains of this page at t. **pruned**: noise directions become 0, all others stay [X]. It is a linear "
        "map fitted on this set; you can save it below."
    ),
    "strong_mode": (
        "What moves the strong band. **amplify**: every strong direction grows, the first one most (the paper's "
        "introduction). **noise**: a random push up or down, drawn anew at every step from a seed (our default in "
        "training). **adversarial**: the push that raises the contrastive loss, asked on a batch of this set's pairs "
        "(the paper's method section says adversarial noise). The formulas are our reconstruction [R]."
    ),
    "schedule": (
        "How α goes from start to end over training: **cosine** slowly at both ends, **linear** evenly, **step** "
        "in thirds, **constant** not at all. The paper says strong early, moderate, weak late [P]; the curves are "
        "ours [R]."
    ),
    "rho": "ρ multiplies every change: at 0.5 each gain moves half as far from 1, and the bounds shrink with it [R].",
    "alpha_start": "α at the end of the warm-up, the strongest moment: no gain leaves 1 by more than ρα [R].",
    "alpha_end": "α at the end of training: 0 would leave the vectors as they are by then [R].",
    "warmup": "Share of training over which α rises evenly from 0 to its start: the first steps are gentle [R].",
    "t": (
        "Share of training done, 0 to 1. All charts, the certificate and the transform follow. Play runs the chart "
        "below through all of training in your browser."
    ),
}
KNOBS = with_formulas(
    _KNOB_WORDS,
    {
        "transform": ("", "3.13"),
        "strong_mode": ("", "3.4"),
        "schedule": ("", "3.2"),
        "rho": ("", "3.4"),
        "alpha_start": ("", "3.2"),
        "alpha_end": ("", "3.2"),
        "warmup": ("", "3.3"),
        "t": ("", "3.2"),
    },
)
"""What each knob does, in words."""

ORIGIN = (
    "**What is whose.** [P] published: one policy for each band under a curriculum factor α(t) that is large early and "
    "small late, and a bound on the change that α(t) controls. [R] our reconstruction: every formula and default here, "
    "the five bounds included; the authors published no code. [X] our extension: using the gains after training as a "
    "map of your vectors, and pruning. Formulas: docs/method.md, section 3."
)
CURVES_STORY = (
    "Lines are the mean gain of a band, shades its range. Above 1 a direction grows, below 1 it shrinks, and all come "
    "back towards 1 as α falls."
)
WATERFALL_STORY = (
    "Every direction at every moment; ranks are spread by their logarithm so that the few strong ones can be seen. "
    "Upwards is later in training; the dotted line is t, green and ochre lines end the strong and the weak band."
)
MODES_STORY = (
    "Dotted lines are how far the curriculum lets a strong direction go, $1 \\pm \\rho\\alpha(t)\\,s_i/s_1$. "
    "**Amplify** sits on the upper one. **Adversarial** sits on one of the two: up where a larger gain would "
    "raise the contrastive loss. **Noise** lies between them, another draw for every t."
)

GUARANTEES = {
    "relative_change": "All vectors together, less their mean, change by at most e of their size.",
    "singular_value_shift": "No singular value moves by more than e times the first one.",
    "row_turn_by_change": "No vector turns by more than arcsin e ...",
    "row_turn_by_condition": "... nor by more than the gains' condition κ allows (Kantorovich).",
    "gradient_scale": "A gradient through the map grows at most by the largest gain.",
    "step_change": "The map moves to its next moment by at most ρ times the change of α.",
}
"""The bounds of the certificate in words."""


FINDING_TERMS = (
    "The gains multiply the singular values. Moved: the size of the change of all vectors, less their mean, as a share "
    "of their size; the bound is ρα(t)."
)


def finding(reports: "list[GainReport]", *, kind: str) -> str:
    """Return what the gains do to the first modality at this moment, as the title of the view: one line."""
    first = reports[0]
    moved = float(np.sqrt(np.sum((first.values * (first.now - 1)) ** 2) / np.sum(first.values**2)))
    noise = first.labels == BANDS.index("noise")
    if kind == "pruned":
        directions = "direction" if noise.sum() == 1 else "directions"
        return f"Pruning sets {noise.sum():,} {first.modality} {directions} to 0: vectors move by {moved:.2f}"
    strong = first.now[first.labels == BANDS.index("strong")]
    does = f"strong {first.modality} directions × {strong.max():.2f}, " if len(strong) else ""
    return f"At t = {first.t:.2f} {does}vectors move by {moved:.2f} of the bound's {first.amount:.2f}"


def moment_lead(reports: "list[GainReport]", *, kind: str) -> str:
    """Return how far the gains may go at this moment, in one sentence."""
    first = reports[0]
    if kind == "pruned":
        return "Noise directions are set to 0, strong and weak ones stay as they are; t and α play no part."
    return f"At t = {first.t:.2f}, α is {first.alpha:.3f}, and no gain leaves 1 by more than ρα = {first.amount:.3f}."


def moment_bands(reports: "list[GainReport]") -> str:
    """Return what the gains do to each band at this moment, one line a modality."""
    return "  \n".join(_modality(report) for report in reports)


def moment_story(reports: "list[GainReport]", *, kind: str) -> str:
    """Return what the gains do at this moment, a sentence for the curriculum and one for each modality."""
    return "  \n".join((moment_lead(reports, kind=kind), moment_bands(reports)))


def _modality(report: "GainReport") -> str:
    parts = []
    for band, name in enumerate(BANDS):
        gains = report.now[report.labels == band]
        if not len(gains):
            continue
        low, high = float(gains.min()), float(gains.max())
        span = f"{low:.2f}" if high - low < 0.005 else f"{low:.2f} to {high:.2f}"
        before, after = (percent(report.energy_share(band, enhanced=e)) for e in (False, True))
        parts.append(f"{word(name)} × {span}, energy {before} → {after}")
    return f"{word(report.modality, report.modality.capitalize())}: {'; '.join(parts)}."


def moment_alt(reports: "list[GainReport]", *, kind: str) -> str:
    """Return the chart of one moment in words, for those who do not see it."""
    from sde_explorer.ui.words import plain

    return "Alpha over training, and singular values before and after. " + plain(
        moment_story(reports, kind=kind)
    )


def certificate_story(reports: "list[CertificateReport]") -> str:
    """Return what was measured on what, and which bounds come close."""
    first = reports[0]
    e = " and ".join(f"{r.max_change:.3f} ({r.modality})" for r in reports)
    close = max(
        ((line.tightness, line.name, r.modality) for r in reports for line in r.lines), default=(0.0, "", "")
    )
    rows = " and ".join(f"{r.n_rows:,} {r.modality}" for r in reports)
    sentences = [
        f"e, the largest |g − 1|, is {e}.",
        f"Bounds 1 and 2 are measured exactly on the whole set, 3 and 4 on {rows} vectors drawn by a seed.",
    ]
    if first.steps is None:
        sentences.append(
            "Bound 5 is not claimed here: noise is drawn anew at every step, and a pruned direction knows no t."
        )
    else:
        sentences.append(f"Bound 5 is the change from t = {first.steps[0]:.2f} to {first.steps[1]:.2f}.")
    if close[0] > 0.995:
        sentences.append(
            "A bar that reaches the line says that the bound cannot be made smaller for these gains."
        )
    return " ".join(sentences)


def verdict(reports: "list[CertificateReport]") -> str:
    """Return whether everything measured stays within its bounds."""
    count = sum(len(r.lines) for r in reports)
    broken = [
        f"{line.name} ({r.modality})" for r in reports for line in r.lines if line.measured > line.bound
    ]
    if all(r.holds for r in reports):
        return f"All {count} measured values stay within their bounds."
    return f"Measured above the bound: {', '.join(broken)}. This is a bug; please report it with the link of this page."

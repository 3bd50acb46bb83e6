"""What to see in the parts of the Spectrum view, in sentences made from their numbers."""

from typing import TYPE_CHECKING

import numpy as np

import sde_core as sde
from sde_core.glossary.formats import percent
from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures.palette import word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sde_core.partition import Bands
    from sde_explorer.spectrum.numbers.batches import BatchCurve
    from sde_explorer.spectrum.numbers.centring import Centring
    from sde_explorer.spectrum.numbers.rules import RuleResult
    from sde_explorer.spectrum.numbers.uncertainty import Band

FINDING_TERMS = (
    "Energy: the sum of the squared singular values. Strong: above the upper threshold. Noise: at or below the lower "
    "one."
)


_READ = (
    "- **Points** are directions, from the one that holds most to the one that holds least; hover over one for its "
    "numbers.\n"
    "- **Lines** are the two thresholds. Drag them, or focus one and press the arrow keys; double click puts one back. "
    "Click a direction, and the nearer threshold moves just above it.\n"
    "- **The bar** below is the energy that strong, weak and noise directions hold."
)
_READ_BESIDE = {
    "chance": "\n- **The band around** is what shuffles of the same values give, 19 of them from least to most.",
    "bootstrap": "\n- **The band around** is how far the spectrum moves with other rows of the same kind, 90 %.",
    "picked": "\n- **The line beside** is the spectrum of what is picked, as if there were as many rows as in all.",
    "none": "",
}


def how_to_read(spectra: str, overlay: str) -> str:
    """Return what the picture shows and what a hand can do, as Markdown.

    Args:
        spectra: which matrices are shown.
        overlay: what is drawn around them.
    """
    kind = f"{KIND_STORY[spectra]}\n\n" if spectra in KIND_STORY else ""
    return f"{kind}{_READ}{_READ_BESIDE[overlay]}"


CHANCE_STORY = (
    "**Which chance?** A spectrum of one matrix does not know which picture belongs to which caption: shuffling the "
    "pairs would leave it exactly as it is. So each column is shuffled on its own: it keeps its values and loses what "
    "it shares with the others."
)
CROSS_CHANCE_STORY = (
    "**Which chance?** The cross spectrum is about the pairs and nothing else, so the pairs are shuffled: both "
    "modalities stay as they are, only who belongs to whom is lost. No law of pure noise is needed, and the rule of "
    "the page does not apply."
)
BATCH_STORY = (
    "**How much does a batch see?** A training loss partitions the batch in front of it, not the whole set. Each point "
    "is the median of three random batches, the area their range; the last one is all pairs. A batch repeats captions "
    "that several pictures share, while the spectrum of all captions counts each once. Click a point to see its "
    "spectrum."
)
METRIC_STORY = (
    "Below each number stands its control: the same metric where what it measures was taken away. A number that is no "
    "different from its control says nothing about this encoder. Shuffled pairs would leave the spectrum, the cone and "
    "the neighbours within one modality exactly as they are: there columns are shuffled, signs drawn, or an even "
    "sphere is taken."
)


def named(kind: str) -> str:
    """Return the name of a spectrum at the start of a sentence, in the colour of its modality."""
    return word(kind, kind.capitalize())


def above_story(report: "Bands", above: int, n_shuffles: int) -> str:
    """Return how many directions lie above chance, beside what the rule says."""
    signal = report.count("strong") + report.count("weak")
    what = "the pairs" if report.modality == "cross" else "its columns"
    beside = ""
    if report.modality != "cross" and report.cuts_by_size:
        beside = f"; the thresholds in use call {signal:,} signal"
    verb = "direction lies" if above == 1 else "directions lie"
    return f"{named(report.modality)}: the first {above:,} {verb} above all {n_shuffles} shuffles of {what}{beside}."


def picked_story(reports: "Sequence[Bands]", picked: "Mapping[str, Band]") -> str:
    """Return how the spectrum of what is picked differs from that of all, or what to do for one."""
    told = []
    for report in reports:
        if report.modality in picked:
            mine = picked[report.modality].high
            ranks = " beside ".join(f"{sde.effective_rank(values):.0f}" for values in (mine, report.values))
            told.append(f"{report.modality} {ranks}")
    if not told:
        return "Nothing is picked to compute a spectrum from: draw around pictures on the map of Subspaces."
    return f"Effective rank of what is picked, beside all: {', '.join(told)}."


def overlay_story(report: "Bands", band: "Band") -> str:
    """Return how wide the bootstrap band is at the first direction and at the noise threshold."""
    at = min(max(report.count("strong") + report.count("weak") - 1, 0), len(report.values) - 1)

    def width(i: int) -> float:
        return float(band.high[i] - band.low[i]) / 2 / max(float(report.values[i]), 1e-300)

    return (
        f"{named(report.modality)}: with other rows of the same kind the first value would move by about "
        f"±{percent(width(0))}, the last signal direction by ±{percent(width(at))}."
    )


def centring_story(found: "Centring") -> str:
    """Return what the mean holds of an uncentred spectrum."""
    kept, removed = (float(v[0]) if len(v) else 0.0 for v in (found.kept, found.removed))
    first = "the first value" if found.kind == "cross" else "the first direction's energy"
    return (
        f"{named(found.kind)}: with the mean kept, {percent(found.cone_of_first)} of {first} is the cone, and "
        f"{percent(found.cone_of_all)} of all energy; without it the first singular value falls from {kept:.3g} to "
        f"{removed:.3g}."
    )


CENTRING_STORY = (
    "The first dotted point above its full line is the cone in which all vectors of a modality sit, not something that "
    "tells one item from another; from the second direction on the two lines soon agree."
)


def batch_story(curve: "BatchCurve", batch: int) -> str:
    """Return how many signal directions a batch shows, against all pairs."""
    strong, weak, _ = BANDS
    signal = curve.counts[strong] + curve.counts[weak]
    middle = np.nanmedian(signal, axis=1)
    size = batch if batch in curve.sizes else _usual(curve.sizes)
    at = curve.sizes.index(size)
    shown, there = int(middle[at]), int(middle[-1])
    if size == curve.sizes[-1]:
        return f"{named(curve.kind)}: all {size:,} pairs show {there:,} directions above the noise."
    more = "as many as" if shown == there else "fewer than" if shown < there else "more than"
    return (
        f"{named(curve.kind)}: a batch of {size:,} shows {shown:,} directions above its noise, {more} the {there:,} of "
        f"all {curve.sizes[-1]:,} pairs."
    )


def _usual(sizes: tuple[int, ...]) -> int:
    """Return the size that people train with, or the nearest there is."""
    return min(sizes, key=lambda size: abs(np.log(size / 256)))


def rules_story(kind: str, results: "tuple[RuleResult, ...]") -> str:
    """Return how far apart the rules are on the number of signal directions."""
    counts = {
        r.rule: r.report.count("strong") + r.report.count("weak") for r in results if r.report is not None
    }
    if len(counts) < 2:
        return ""
    least, most = min(counts, key=lambda r: counts[r]), max(counts, key=lambda r: counts[r])
    if counts[least] == counts[most]:
        return f"{named(kind)}: all rules agree on {counts[most]:,} directions above the noise."
    return (
        f"{named(kind)}: from {counts[least]:,} directions above the noise (`{least}`) to {counts[most]:,} "
        f"(`{most}`)."
    )


RULES_STORY = (
    "Where rules agree, the noise edge is well founded. Where they differ, read the last column first: rules that rest "
    "on the Marchenko-Pastur law (mp-iqr, gavish-donoho, bema) are not to be trusted when it does not fit the bulk; "
    "screenot and parallel assume less, and cross-modal asks the pairs themselves."
)


KIND_STORY = {
    "joint": "Both modalities lie in one matrix, one above the other: one of its directions is the gap between them.",
    "cross": (
        "Each value is the covariance, over the pairs, of the pictures along one direction with the captions along "
        "another: what the two modalities say together."
    ),
}
"""What a spectrum of both modalities is about."""

"""Sentences on what decides about two sets, and on layers; made from their numbers."""

import math
from typing import TYPE_CHECKING

from sde_core.glossary.formats import percent
from sde_explorer.ui.figures.palette import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sde_core as sde
    from sde_explorer.compare.numbers.decided import Calibrated, Difference, SameSpace

FIGURES = {
    "residual": "distance of a row from the map, of the spread",
    "row_cosine": "cosine of a row with its twin",
    "centred_cosine": "the same, means taken off",
    "mean_distance": "distance of the means, of the spread",
    "scale": "spread of B over that of A",
    "spectrum_distance": "distance of the spectra (Hellinger)",
    "neighbours_kept": "share of 10 neighbours kept",
    "uneven": "unevenness of the rows",
}
PARITY_STORY = (
    "Maps are tried from the simplest on: none, lengths, a shift, a rotation; then a rounding, another preprocessing, "
    "another checkpoint, another model. Too few rows give no verdict."
)
CALIBRATED_STORY = (
    "By chance: the mean over shuffled rows. Score: 0 where the value could be chance, 1 for the same space; "
    "p counts the shuffles that reach the value."
)
DIFFERENCE_STORY = (
    "Items that one set holds together and apart from the rest, and the other does not, by the difference of "
    "their kernels. Two encoders always differ somewhere: a group says where, your eye says what it is."
)
NO_LAYERS = "Layers are read from pictures and captions: the set must name its pairs and its encoder."
LAYERS_STORY = (
    "A layer is the mean over its patches or tokens. Shared: directions in common with the output of the other tower. "
    "Agreement: unbiased CKA beyond the best that shuffled pairs reach in any two layers. Ranks are raw: widths "
    "differ from layer to layer."
)


def parity_title(found: "SameSpace") -> str:
    """Return the verdict, and how sure it is."""
    if found.parity is None:
        return f"**Another space**: A has {found.widths[0]:,} features, B {found.widths[1]:,}."
    parity = found.parity
    verdict = parity.verdict[0].upper() + parity.verdict[1:]
    sure = "" if parity.verdict == "not enough" else f", {percent(parity.confidence)} sure"
    return f"**{verdict}**{sure}: {parity.detail}."


def calibrated_title(found: "Sequence[Calibrated]") -> str:
    """Return how many measures are beyond chance."""
    said = [
        f"{word(one.modality, one.modality)} {sum(each.score > 0 for each in one.found)} of {len(one.found)}"
        for one in found
    ]
    return f"Beyond chance: {', '.join(said)} similarities."


def difference_title(found: "Difference") -> str:
    """Return how much of the variance the largest group of each side is."""
    said = [f"{name} {100 * sizes[0]:.1f} %" for name, sizes in zip("AB", found.sizes, strict=True) if sizes]
    name = word(found.modality, found.modality.capitalize())
    if not said:
        return f"{name}: A and B hold the same items together."
    return f"{name}: the largest group takes so much more of the variance in {' and in '.join(said)}."


def layers_title(found: "sde.Layers") -> str:
    """Return which layers agree most, and how many directions the first and the last use."""
    said = f"{found.n_items:,} pairs through {found.encoder}."
    if found.n_sampled < found.n_items:
        said += f" Dimension and agreement are of {found.n_sampled:,} of them."
    if found.agreement is None:
        return said
    i, j = found.agreement.best
    value = float(found.agreement.values[i, j])
    if math.isnan(value):
        return said
    return (
        f"Image layer {i + 1} of {len(found.image)} and text layer {j + 1} of {len(found.text)} agree most: "
        f"CKA {value:.2f}, by chance at most {found.agreement.threshold:.2f} in any two layers. {said}"
    )

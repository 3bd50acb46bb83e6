"""What was done to vectors after an encoder gave them, read from a few rows as `sde parity` reads many."""

from collections.abc import Mapping, Sequence

import numpy as np

from sde_core.errors import DataError
from sde_core.geometry.parity.rows import LONG_ONES, Floats, chance_longer
from sde_core.geometry.parity.verdict import FEWEST, VERDICTS, Parity, Same, matrix_parity
from sde_core.vocabulary import Modality

OF_FEW_ROWS: tuple[Same, ...] = ("shifted", "quantised", "broken rows", "truncated captions")
"""What eight rows can claim: maps of fewer numbers than the rows have, and rows that differ where the others do not."""

_FOR_ROUNDINGS = 512  # entries: of fewer, errors that are not uniform pass for such as are
CALLED = {Modality.IMAGE: "pictures", Modality.TEXT: "captions"}
"""What sentences call the rows of a modality."""


def change_of(
    sides: Mapping[Modality, tuple[Floats, Floats]], captions: Sequence[str]
) -> tuple[Same, str] | None:
    """Return the verdict of `sde parity` and a clause where it explains every modality; None where it does not.

    Args:
        sides: modality -> (k, d) what the encoder gives, and what the set has; modalities that agree left out.
        captions: (k,) of the rows of texts.
    """
    found = {modality: _change(modality, *rows, captions) for modality, rows in sides.items()}
    named = {modality: change for modality, change in found.items() if change is not None}
    if not named or len(named) < len(found):
        return None
    modality = max(named, key=lambda each: VERDICTS.index(named[each].verdict))
    return named[modality].verdict, f"{CALLED[modality]}: {named[modality].detail}"


def _change(modality: Modality, made: Floats, own: Floats, captions: Sequence[str]) -> Parity | None:
    if len(made) < FEWEST:
        return None
    try:
        found = matrix_parity(made, own, modality=modality)
    except DataError:  # the same vector in every row
        return None
    if found.verdict not in OF_FEW_ROWS or (found.verdict == "quantised" and made.size < _FOR_ROUNDINGS):
        return None
    if found.verdict == "truncated captions":
        lengths = np.array([len(words) for words in captions])
        if chance_longer(lengths, np.asarray(found.odd_rows)) < LONG_ONES:
            return None
    return found

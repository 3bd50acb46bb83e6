"""What treatments do to search in one list of images and texts."""

from collections.abc import Sequence

import numpy as np

from sde_core.errors import ConfigError, DataError
from sde_core.geometry.projection import sample_rows
from sde_core.retrieval.mixed_list import MixedRanking, mixed_ranking
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.treatments.table import fit_all

MIXED_TREATMENTS = ("mean-shift", "whitening", "sde-enhanced")
"""Beside "raw", where nothing else is asked for."""


def mixed_rankings(
    tested: EmbeddingSet,
    reference: EmbeddingSet,
    names: Sequence[str] = MIXED_TREATMENTS,
    *,
    most: int = 0,
    seed: int = 0,
) -> dict[str, MixedRanking]:
    """Return `mixed_ranking` of the pictures that have two captions, raw and after treatments.

    The first caption of a picture stands in the list where the picture does not, the last one asks. Pictures that share
    either are left out but for the first: they would tie.

    Args:
        tested: pictures and captions that nothing is fitted on.
        reference: what treatments are fitted on.
        names: treatments that move vectors, of `comparison_names`; "raw" comes first.
        most: pictures in the list; of more, a seeded sample; 0 takes all.
        seed: of the halves and the sample.

    Raises:
        DataError: no picture has two captions.
        ConfigError: a name is unknown, or one that only scores.
    """
    image_rows, first = np.unique(tested.links[:, 1], return_index=True)
    last = np.append(first[1:], len(tested.links)) - 1
    several = last > first
    if not several.any():
        raise DataError(f"{tested.name} must have pictures with two captions, one to ask and one to find")
    rows, shown, asks = (
        image_rows[several],
        tested.links[first[several], 0],
        tested.links[last[several], 0],
    )
    for column in (0, 1):
        once = np.sort(np.unique((shown, asks)[column], return_index=True)[1])
        rows, shown, asks = rows[once], shown[once], asks[once]
    if most:
        some = sample_rows(len(rows), most, seed=seed)
        rows, shown, asks = rows[some], shown[some], asks[some]
    found = {}
    for each in fit_all(reference.image, reference.text, paired=reference.paired(), names=names):
        if not each.moves and each.name != "raw":
            raise ConfigError(f"names must be of treatments that move vectors; {each.name} only scores")
        image, texts = each.mapped(tested.image[rows], tested.text[np.concatenate([shown, asks])])
        found[each.name] = mixed_ranking(image, texts[: len(rows)], texts[len(rows) :], seed=seed)
    return found

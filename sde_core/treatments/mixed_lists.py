"""What treatments do to search in one list of images and texts."""

from collections.abc import Sequence

import numpy as np

from sde_core.errors import ConfigError, DataError
from sde_core.geometry.projection import sample_rows
from sde_core.retrieval.mixed_list import MixedRanking, mixed_ranking
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.treatments.table import fit_all
from sde_core.vocabulary import MIXED_TREATMENTS

NO_LIST = "must have images with two captions, one to ask and one to find"


def has_mixed_list(tested: EmbeddingSet) -> bool:
    """Return whether some image has two captions."""
    return int(np.bincount(tested.links[:, 1]).max(initial=0)) > 1


def mixed_rankings(
    tested: EmbeddingSet,
    reference: EmbeddingSet,
    names: Sequence[str] = MIXED_TREATMENTS,
    *,
    most: int = 0,
    seed: int = 0,
) -> dict[str, MixedRanking]:
    """Return `mixed_ranking` of the images that have two captions, raw and after treatments.

    The first caption of an image stands in the list where the image does not, the last one asks. Images that share
    either are left out but for the first: they would tie.

    Args:
        tested: images and captions that nothing is fitted on.
        reference: what treatments are fitted on.
        names: treatments that move vectors, of `comparison_names`; "raw" comes first.
        most: images in the list; of more, a seeded sample; 0 takes all.
        seed: of the halves and the sample.

    Raises:
        DataError: no image has two captions.
        ConfigError: a name is unknown, or one that only scores.
    """
    if not has_mixed_list(tested):
        raise DataError(f"{tested.name} {NO_LIST}")
    image_rows, first = np.unique(tested.links[:, 1], return_index=True)
    last = np.append(first[1:], len(tested.links)) - 1
    several = last > first
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
            raise ConfigError(
                f"{each.name} only scores: one list of images and texts takes treatments that move vectors, such as "
                f"{MIXED_TREATMENTS[0]}"
            )
        image, texts = each.mapped(tested.image[rows], tested.text[np.concatenate([shown, asks])])
        found[each.name] = mixed_ranking(image, texts[: len(rows)], texts[len(rows) :], seed=seed)
    return found

"""What a training trains on and what it trains, ready for the first step."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sde_core.errors import ConfigError, DataError
from sde_core.retrieval.links import Ints
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.sets.provenance import Provenance
from sde_core.training.config import FinetuneConfig
from sde_core.training.inputs import Inputs
from sde_core.training.model import DualModel
from sde_core.training.order import Meaning
from sde_core.training.split import Split, split_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of a trained model.

    Attributes:
        provenance: of the vectors that it makes.
        folder: that open_clip loads, or None.
        note: what came out and what not.
    """

    provenance: Provenance
    folder: Path | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """Pairs, their split, and how to make and finish a model.

    Attributes:
        source: the pairs as vectors of the model that the training starts from.
        inputs: the same pairs as the model takes them.
        inputs_of: makes inputs of another set of the same encoder.
        split: images to train on and to look at.
        meaning: which pairs mean the same.
        title: what is trained, in words that tell two subjects apart.
        identity: digest of the pairs, the same whenever they are the same.
        new_model: makes the model of a run with these settings, as it is before the first step.
        finish: (trained model, folder for files or None) -> what becomes of it.
    """

    source: EmbeddingSet
    inputs: Inputs
    inputs_of: Callable[[EmbeddingSet], Inputs]
    split: Split
    meaning: Meaning
    title: str
    identity: str
    new_model: Callable[[FinetuneConfig], DualModel]
    finish: Callable[[DualModel, Path | None], Outcome]

    @property
    def text_rows_of_val(self) -> Ints:
        """Text rows of the validation images, ascending."""
        links = self.source.links
        return np.unique(links[np.isin(links[:, 1], self.split.val), 0])


def arranged(source: EmbeddingSet, config: FinetuneConfig) -> tuple[Split, Meaning]:
    """Return split and meaning of the pairs of ``source``.

    Raises:
        DataError: too few pairs, or one caption for all.
        ConfigError: the concept column is missing.
    """
    if config.concept and config.concept not in source.metadata:
        known = ", ".join(sorted(source.metadata)) or "none"
        raise ConfigError(f"concept must be a metadata column; got {config.concept!r}, known: {known}")
    concept = source.metadata[config.concept] if config.concept else None
    meaning = Meaning(source.links, source.captions, source.n_images, concept)
    split = split_rows(
        meaning.links,
        (source.n_texts, source.n_images),
        source.metadata,
        val_share=config.val_share,
        seed=config.split_seed,
    )
    if meaning.n_different(split.train) < 2:
        raise DataError(
            f"the training pairs must differ in their captions; all {len(split.train)} say the same"
            + (f" by {config.concept!r}" if concept is not None else "")
            + ": there is nothing to contrast"
        )
    return split, meaning

"""Where a command's vectors come from: pairs that are encoded now, or embedding sets on disk."""

import argparse
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sde_core.cli.options import chosen_batch_size, load_chosen_encoder
from sde_core.cli.output import encoding_bar, print_skipped

if TYPE_CHECKING:
    from sde_core.embeddings import EmbeddingSet
    from sde_core.encoders import Encoder


class Source:
    """Opens sets by name, all in the same way.

    Args:
        options: of a command with `add_encoder_options`.
        saved: whether names are embedding sets; otherwise they are pairs, and are encoded.
    """

    def __init__(self, options: argparse.Namespace, *, saved: bool) -> None:
        self._options = options
        self._saved = saved

    @cached_property
    def encoder(self) -> "Encoder":
        """The encoder that the options name, loaded once."""
        return load_chosen_encoder(self._options)

    def open(self, names: Sequence[str]) -> "list[EmbeddingSet]":
        """Return the sets; every set of pairs is opened before the encoder is loaded."""
        if self._saved:
            from sde_core.embedding_formats import open_embeddings

            return [open_embeddings(name) for name in names]
        return self._encoded(names)

    def _encoded(self, names: Sequence[str]) -> "list[EmbeddingSet]":
        from sde_core.encoding import encode_pairs
        from sde_core.pairs import open_pairs

        opened = [open_pairs(name) for name in names]
        encoder = self.encoder
        size, workers = chosen_batch_size(self._options, encoder), self._options.workers
        sets = []
        for pairs in opened:
            with encoding_bar(pairs.uri) as progress:
                embeddings = encode_pairs(encoder, pairs, progress=progress, batch_size=size, workers=workers)
            print_skipped(embeddings.skipped)
            sets.append(embeddings)
        return sets

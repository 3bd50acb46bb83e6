"""Where a command's vectors come from: pairs that are encoded now, or embedding sets on disk."""

import argparse
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sde_core.cli.options import chosen_batch_size, load_chosen_encoder, load_named_encoder
from sde_core.cli.output import encoding_bar, print_remarks, print_skipped

if TYPE_CHECKING:
    from sde_core.encoders import Encoder
    from sde_core.pairs import Classification, Pairs
    from sde_core.sets.embeddings import EmbeddingSet


class Source:
    """Opens sets by name, all in the same way.

    Args:
        options: of a command with `add_encoder_options`.
        saved: whether names are embedding sets; otherwise they are pairs, and are encoded.
    """

    def __init__(self, options: argparse.Namespace, *, saved: bool) -> None:
        self._options = options
        self._saved = saved
        self._classes: dict[str, Classification] = {}

    @cached_property
    def encoder(self) -> "Encoder":
        """The encoder that the options name, loaded once."""
        return load_chosen_encoder(self._options)

    def encoder_of(self, embeddings: "EmbeddingSet") -> "Encoder":
        """Return the encoder that made the vectors, to encode more words with.

        Raises:
            EncoderError: it is not known, or its weights are not those of the vectors.
        """
        from sde_core.errors import EncoderError

        if not self._saved:
            return self.encoder
        origin, options = embeddings.provenance, self._options
        name = options.model or origin.encoder
        if not name:
            raise EncoderError(f"{embeddings.name} does not say which encoder made it; name it with --model")
        if origin.transform:
            raise EncoderError(
                f"{embeddings.name} was transformed ({origin.transform}), and words would not be: evaluate the "
                "set it was made from with --fit-on"
            )
        encoder = load_named_encoder(name, options)
        if origin.weights_sha256 and encoder.weights_sha256 != origin.weights_sha256:
            raise EncoderError(
                f"{name} must have the weights that made {embeddings.name}, {origin.weights_sha256[:12]}; "
                f"got {encoder.weights_sha256[:12]}: encode the pairs again"
            )
        width = int(encoder.encode_texts(["a"]).shape[1])
        if width != embeddings.width:
            raise EncoderError(
                f"{name} gives vectors of {width} numbers, {embeddings.name} has {embeddings.width}: another encoder "
                "made them; name it with --model"
            )
        return encoder

    def classification(self, embeddings: "EmbeddingSet") -> "Classification | None":
        """Return the classes and prompts that came with the pairs of the set, where they did."""
        if not self._saved:
            return self._classes.get(embeddings.name)
        from sde_core.errors import DataError
        from sde_core.pairs import open_pairs

        try:
            return open_pairs(embeddings.provenance.pairs).classification
        except DataError:  # the pairs are elsewhere now, or were never named
            return None

    def open(self, names: Sequence[str]) -> "list[EmbeddingSet]":
        """Return the sets; every set of pairs is opened before the encoder is loaded."""
        if self._saved:
            from sde_core.errors import ConfigError

            if self._options.input_format:
                raise ConfigError(
                    "--input-format names a format of pairs: leave it out beside embeddings, whose format is detected"
                )
            return [opened_saying(name) for name in names]
        return self._encoded(names)

    def _encoded(self, names: Sequence[str]) -> "list[EmbeddingSet]":
        from sde_core.encoding import encode_pairs
        from sde_core.pairs import open_pairs
        from sde_core.sets.trained_on import with_training

        options = self._options
        opened = [open_pairs(n, options.input_format, image_root=options.image_root) for n in names]
        encoder = self.encoder
        size, workers = chosen_batch_size(options, encoder), options.workers
        sets = []
        for pairs in opened:
            with encoding_bar(pairs.uri) as progress:
                embeddings = encode_pairs(encoder, pairs, progress=progress, batch_size=size, workers=workers)
            print_skipped(embeddings.skipped)
            embeddings = with_training(embeddings)
            print_remarks(embeddings.remarks)
            if pairs.classification is not None:
                self._classes[embeddings.name] = pairs.classification
            sets.append(embeddings)
        return sets


def encoded_saying(
    pairs: "Pairs", encoder: "Encoder", options: argparse.Namespace, resume: Path | str
) -> "EmbeddingSet":
    """Return pairs through an encoder, with a bar, and on stderr what was skipped and needs care.

    Args:
        pairs: of one set.
        encoder: that the options chose.
        options: with ``batch_size`` and ``workers``.
        resume: folder that keeps finished vectors: the same call goes on there.
    """
    from sde_core.encoding import encode_pairs

    with encoding_bar(pairs.uri) as progress:
        embeddings = encode_pairs(
            encoder,
            pairs,
            progress=progress,
            batch_size=options.batch_size,
            workers=options.workers,
            resume=resume,
        )
    print_skipped(embeddings.skipped)
    print_remarks(embeddings.remarks)
    return embeddings


def opened_saying(name: str) -> "EmbeddingSet":
    """Return saved vectors, with their remarks on stderr: also whether they are those of the encoder they name."""
    from sde_core.embedding_formats.named import open_named
    from sde_core.sets.claimed_encoder import with_agreement

    embeddings = with_agreement(open_named(name))
    print_remarks(embeddings.remarks)
    return embeddings

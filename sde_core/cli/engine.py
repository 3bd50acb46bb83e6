"""Options and work of the commands that an engine may do shard by shard, on more machines than this one."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sde_core.cli.options import DEFAULT_MODEL
from sde_core.cli.output import counting_bar, print_remarks, print_skipped
from sde_core.errors import ConfigError
from sde_core.vocabulary import Centring

if TYPE_CHECKING:
    from sde_core.embedding_formats.cluster.sums import ShardSums
    from sde_core.encoders import Encoder
    from sde_core.retrieval.ranking import CountLinks
    from sde_core.sets.embeddings import EmbeddingSet

OF_ROWS = ("parallel", "cross-modal", "known")
"""Rules that look at more than the spectrum."""


def add_engine_options(parser: argparse.ArgumentParser, does: str, kept: str = "") -> None:
    """Add --engine, --address and, where something is kept, --resume.

    Args:
        parser: of a command.
        does: what is done by an engine.
        kept: what --resume keeps; "" where the command has a place of its own for that.
    """
    group = parser.add_argument_group("beyond one machine")
    group.add_argument(
        "--engine",
        choices=("process", "ray"),
        help=f"{does}: in this process, or as tasks of Ray (extra cluster)",
    )
    group.add_argument(
        "--address",
        metavar="HOST:PORT|auto",
        help="of the Ray cluster; default: what RAY_ADDRESS says, or this machine alone",
    )
    if not kept:
        return
    group.add_argument(
        "--resume", metavar="FOLDER", help=f"keep {kept} there; the same command goes on with them"
    )


def refuse_without_engine(options: argparse.Namespace) -> None:
    """Refuse options of an engine where there is none.

    Raises:
        ConfigError: names the option.
    """
    for name in ("address", "resume"):
        if getattr(options, name, None) is not None:
            raise ConfigError(f"--{name} is of an engine: add --engine, or leave it out")


def refuse_memory(options: argparse.Namespace) -> None:
    """Refuse a budget of memory beside an engine.

    Raises:
        ConfigError: there is one.
    """
    if options.memory is not None:
        raise ConfigError("--memory is of this process alone: leave it out beside --engine")


def refuse_fitting(options: argparse.Namespace) -> None:
    """Refuse an engine, or its options, for a table of treatments.

    Raises:
        ConfigError: names the option.
    """
    if options.engine:
        raise ConfigError("--engine ranks vectors as they are: leave --fit-on out")
    refuse_without_engine(options)


@contextmanager
def counting_by_options(options: argparse.Namespace) -> "Iterator[CountLinks | None]":
    """Yield who counts ranks: an engine, with a bar, or None for the command itself.

    Raises:
        ConfigError: an option that an engine cannot follow, or the engine is missing or out of reach.
    """
    if not options.engine:
        refuse_without_engine(options)
        yield None
        return
    if options.embeddings is None:
        raise ConfigError(
            "--engine ranks vectors: encode the pairs with sde encode, then name them by --embeddings"
        )
    refuse_memory(options)
    from sde_core.embedding_formats.cluster.ranks import counting_by

    with counting_bar("ranks") as bar:
        told = {"address": options.address, "resume": options.resume}
        with counting_by(options.engine, **told, progress=lambda done, total: bar("", done, total)) as count:
            yield count


def encoded_by_engine(
    options: argparse.Namespace, uri: str, encoder: "Encoder", parts: str
) -> "EmbeddingSet":
    """Return the pairs encoded shard by shard; what was skipped and needs care is told on stderr.

    Args:
        options: of the command.
        uri: of the pairs.
        encoder: that the options name, to hold the workers' to.
        parts: folder that keeps the parts until the set is saved: the same call goes on there.

    Raises:
        ConfigError: the engine is missing or out of reach.
        DataError: nothing to read, or a part cannot be written.
    """
    from sde_core.encoding.parts import EncoderName, Encoding
    from sde_core.encoding.shards import encode_shards
    from sde_core.pairs.shards import pair_shards

    name = EncoderName(
        name=options.model or DEFAULT_MODEL,
        pretrained=options.pretrained,
        device=options.device,
        precision=options.precision,
        weights_sha256=encoder.weights_sha256,
    )
    encoding = Encoding(
        encoder=name,
        folder=parts,
        batch_size=options.batch_size,
        workers=options.workers,
    )
    with counting_bar(uri) as bar:
        made = encode_shards(
            pair_shards(uri, options.input_format, image_root=options.image_root),
            encoding,
            engine=options.engine,
            address=options.address,
            progress=lambda done, total: bar("shards", done, total),
        )
    print_skipped(made.skipped)
    print_remarks(made.remarks)
    return made


def sums_by_engine(options: argparse.Namespace) -> "tuple[ShardSums, dict[str, Any]]":
    """Return the sums of all shards, and what JSON says of them; what was skipped is told on stderr.

    Raises:
        ConfigError: an option that an engine cannot follow, or the engine is missing or out of reach.
        DataError: nothing to read.
    """
    if options.tau_strong is None and options.rule in OF_ROWS:
        raise ConfigError(
            f"rule {options.rule} looks at more than the spectrum, which an engine does not gather: take another, "
            "such as mp-iqr"
        )
    refuse_memory(options)
    from sde_core.embedding_formats.cluster.spectra import spectra_of_shards
    from sde_core.embedding_formats.shards import shards_of

    shards = shards_of(options.embeddings)
    with counting_bar(options.embeddings) as bar:
        sums = spectra_of_shards(
            shards,
            center=Centring(options.center),
            engine=options.engine,
            address=options.address,
            resume=options.resume,
            progress=lambda done, total: bar("shards", done, total),
        )
    print_skipped(sums.skipped)
    if sums.n_rows_left_out:
        first = "; ".join(f"{row.item}: {row.reason}" for row in sums.rows_left_out[:3])
        print(f"{sums.n_rows_left_out:,} rows left out, such as {first}", file=sys.stderr)
    head = {
        "engine": options.engine,
        "n_shards": sums.n_shards,
        "n_rows_left_out": sums.n_rows_left_out,
        "skipped": [{"item": each.item, "reason": each.reason} for each in sums.skipped],
    }
    return sums, head

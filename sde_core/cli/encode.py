"""`sde encode`: pairs through an encoder into an embedding set on disk."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sde_core.cli.engine import add_engine_options, encoded_by_engine, refuse_without_engine
from sde_core.cli.options import add_encoder_options, add_pairs_options, load_chosen_encoder, new_command
from sde_core.cli.output import print_json, print_table
from sde_core.errors import ConfigError, DataError


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "encode",
        "Encode image-text pairs and save the vectors as an embedding set; interrupted, it goes on where it was.",
        "sde encode clipart/val --output embeddings/clipart-val",
        "sde encode my_pairs.csv --model ViT-B-32 --pretrained laion2b_s34b_b79k --output vectors",
        "sde encode 'shards/{00000..00041}.tar' --batch-size 256 --workers 8 --output vectors",
    )
    parser.add_argument(
        "pairs",
        nargs="?",
        help='"emoji", "clipart", a split such as "emoji/test", a folder, a file, a pattern of shards, a hub name',
    )
    parser.add_argument("--input-dataset", metavar="PAIRS", help="the same, as clip-retrieval calls it")
    add_pairs_options(parser)
    parser.add_argument("--output", required=True, help="folder of the embedding set; replaced if it is one")
    add_encoder_options(parser)
    add_engine_options(parser, "encode shard by shard (tars, parquet files)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Encode, save, and print what was saved."""
    from sde_core.cli.sources import encoded_saying
    from sde_core.pairs import open_pairs

    if (options.pairs is None) == (options.input_dataset is None):
        raise ConfigError("encode needs the pairs, as the first word or as --input-dataset, one of the two")
    if Path(options.output).expanduser().is_file():
        raise DataError(f"output must be a folder; {options.output} is a file: name another")
    name = options.pairs or options.input_dataset
    if not options.engine:
        refuse_without_engine(options)
    pairs = open_pairs(name, options.input_format, image_root=options.image_root)
    encoder = load_chosen_encoder(options)
    kept_in = f"{options.output.rstrip('/')}.{'parts' if options.engine else 'blocks'}"
    with _interruptible(kept_in):
        if options.engine:
            embeddings = encoded_by_engine(options, name, encoder, kept_in)
        else:
            embeddings = encoded_saying(pairs, encoder, options, kept_in)
    folder = embeddings.save(options.output)
    facts = {
        "output": str(folder),
        "fingerprint": embeddings.fingerprint,
        "n_images": embeddings.n_images,
        "n_texts": embeddings.n_texts,
        "width": embeddings.width,
        "skipped": len(embeddings.skipped),
        "remarks": list(embeddings.remarks),
        "provenance": embeddings.provenance.as_dict(),
    }
    if options.json:
        print_json(facts)
        return
    rows = [(key, str(value)) for key, value in facts.items() if key not in ("provenance", "remarks")]
    print_table(f"{name} by {encoder.name}", ("saved", ""), rows)


@contextmanager
def _interruptible(kept_in: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        kept = f"what is done is kept in {kept_in}: the same command goes on there"
        raise KeyboardInterrupt(kept) from None

"""`sde find`: the images of a set that are nearest to a text, by the set's own encoder."""

import argparse
from typing import Any

from sde_core.cli.options import new_command
from sde_core.cli.output import print_json, print_table
from sde_core.errors import ConfigError, DataError


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "find",
        "Find the images of a set that are nearest to a text, by the encoder that the set names.",
        "sde find clipart/test a red car",
        'sde find my-vectors "two dogs in the snow" -k 20 --json',
    )
    parser.add_argument(
        "embeddings", metavar="SET", help="bundled set, folder or file; it must name its encoder"
    )
    parser.add_argument("text", nargs="+", metavar="TEXT", help="words that are searched with")
    parser.add_argument("-k", type=int, default=10, metavar="N", help="at most so many; default: %(default)s")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Search and print."""
    text = " ".join(options.text)
    found = found_pairs(options.embeddings, text, options.k)
    if options.json:
        print_json({"embeddings": options.embeddings, "text": text, "found": found})
        return
    rows = [(f"{one['cosine']:.3f}", one["id"], one["caption"] or "") for one in found]
    print_table(f"{options.embeddings}: {text}", ("cosine", "image", "caption"), rows)


def found_pairs(name: str, text: str, k: int = 10) -> list[dict[str, Any]]:
    """Return the images that are nearest to a text: id, first caption and cosine, the nearest first.

    Args:
        name: of the set.
        text: that is searched with, by the encoder that the set names.
        k: at most so many.

    Raises:
        ConfigError: ``k`` is less than 1.
        DataError: the set has no images, or names no encoder.
        EncoderError: its encoder cannot be loaded.
    """
    from sde_core.embedding_formats.named import open_named
    from sde_core.encoders import load_encoder
    from sde_core.geometry.search import build_index

    if k < 1:
        raise ConfigError(f"k must be at least 1; got {k}")
    embeddings = open_named(name)
    if not embeddings.n_images or not embeddings.provenance.encoder:
        raise DataError(
            f"{name} must have images and name its encoder, so that a text can be put beside them"
        )
    encoder = load_encoder(embeddings.provenance.encoder)
    rows, cosines = build_index(embeddings.image).search(
        encoder.encode_texts([text]), min(k, embeddings.n_images)
    )
    first = {int(image): int(caption) for caption, image in embeddings.links[::-1]}
    return [
        {
            "id": embeddings.image_ids[int(row)],
            "caption": embeddings.captions[first[int(row)]] if int(row) in first else None,
            "cosine": float(cosine),
        }
        for row, cosine in zip(rows[0], cosines[0], strict=True)
    ]

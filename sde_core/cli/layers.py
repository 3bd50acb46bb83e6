"""`sde layers`: what every layer of both towers of an encoder holds, and where they begin to agree."""

import argparse
import math
from typing import TYPE_CHECKING, Any

from sde_core.cli.options import (
    add_encoder_options,
    add_pairs_options,
    load_chosen_encoder,
    new_command,
)
from sde_core.cli.output import encoding_bar, print_json, print_skipped, print_table
from sde_core.vocabulary import Modality

if TYPE_CHECKING:
    from sde_core.encoding.layers.result import Layer, Layers

_LIMIT = 2_000


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "layers",
        "Say what every layer of an encoder holds: rank, intrinsic dimension, what it shares with the other tower's "
        "output, and how much image and text layers agree beyond chance.",
        "sde layers emoji/test",
        "sde layers my_pairs.csv --model ViT-B-32 --pretrained laion2b_s34b_b79k --limit 5000 --json",
    )
    parser.add_argument("pairs", help="as of sde encode")
    add_pairs_options(parser)
    parser.add_argument(
        "--limit",
        type=int,
        default=_LIMIT,
        metavar="N",
        help=f"pairs at most, a seeded sample; default: {_LIMIT:,}",
    )
    parser.add_argument(
        "--rows",
        type=int,
        default=1_000,
        metavar="N",
        help="of them, for TwoNN and agreement; default: 1,000",
    )
    parser.add_argument("--permutations", type=int, default=200, metavar="K", help="shuffles; default: 200")
    parser.add_argument("--seed", type=int, default=0, help="of samples and shuffles")
    add_encoder_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Read the layers and print."""
    from sde_core.encoding.layers.read import read_layers
    from sde_core.pairs import open_pairs

    pairs = open_pairs(options.pairs, options.input_format, image_root=options.image_root)
    encoder = load_chosen_encoder(options)
    with encoding_bar(pairs.uri) as progress:
        found = read_layers(
            encoder,
            pairs,
            limit=options.limit,
            n_sampled=options.rows,
            n_permutations=options.permutations,
            batch_size=None if options.batch_size == "auto" else options.batch_size,
            seed=options.seed,
            progress=progress,
        )
    print_skipped(found.skipped)
    if options.json:
        print_json(_content(found))
        return
    header = ("layer", "width", "rank", "TwoNN", "shared directions", "shared", "CKA with output", "score")
    for side in Modality:
        rows = [_cells(found, layer, number) for number, layer in enumerate(found.of(side))]
        if rows:
            print_table(
                f"{found.encoder}, {side} layers of {found.n_items:,} items of {pairs.uri}", header, rows
            )
    if found.agreement is not None:
        i, j = found.agreement.best
        print(
            f"Most alike: image {found.image[i].name} and text {found.text[j].name}, CKA "
            f"{float(found.agreement.values[i, j]):.3f}; of shuffled pairs the best of all layers reaches "
            f"{found.agreement.threshold:.3f} (p = {float(found.agreement.p_values[i, j]):.3f}, "
            f"{found.n_sampled:,} rows)."
        )


def _cells(found: "Layers", layer: "Layer", number: int) -> tuple[str, ...]:
    row = _row(found, layer, number)
    own = (layer.name, str(layer.width), f"{layer.effective_rank:.1f}", _number(layer.two_nn, 1))
    places = (("cross_rank", 1), ("shared", 3), ("cka", 3), ("score", 3))
    return (*own, *(_number(row[name], digits) for name, digits in places))


def _row(found: "Layers", layer: "Layer", number: int) -> dict[str, Any]:
    """Return the numbers of a layer; agreement is that with the output of the other tower."""
    row: dict[str, Any] = {
        "side": str(layer.side),
        "name": layer.name,
        "width": layer.width,
        "effective_rank": layer.effective_rank,
        "two_nn": layer.two_nn,
        "cross_rank": layer.cross_rank,
        "shared": layer.shared,
    }
    place = (number, -1) if layer.side == Modality.IMAGE else (-1, number)
    for name, table in (("cka", "values"), ("score", "scores"), ("p_value", "p_values")):
        row[name] = None if found.agreement is None else float(getattr(found.agreement, table)[place])
    return row


def _content(found: "Layers") -> dict[str, Any]:
    agreement = found.agreement
    layers = {
        str(side): [
            {
                **_row(found, layer, number),
                "singular_values": layer.singular_values.tolist(),
                "cross_values": None if layer.cross_values is None else layer.cross_values.tolist(),
            }
            for number, layer in enumerate(found.of(side))
        ]
        for side in Modality
    }
    return {
        "encoder": found.encoder,
        "items": found.n_items,
        "sampled": found.n_sampled,
        "skipped": len(found.skipped),
        **layers,
        "agreement": None
        if agreement is None
        else {
            "cka": agreement.values.tolist(),
            "null_mean": agreement.null_mean.tolist(),
            "p_values": agreement.p_values.tolist(),
            "scores": agreement.scores.tolist(),
            "threshold": agreement.threshold,
            "best": list(agreement.best),
        },
    }


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"

"""`sde series`: a row of checkpoints of one training, on one probe set."""

import argparse
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sde_core.cli.options import add_pairs_options, new_command
from sde_core.cli.output import encoding_bar, print_json, print_table

if TYPE_CHECKING:
    from sde_core.pairs.base import Pairs
    from sde_core.training.series import CheckpointSeries, SeriesCheckpoint, SeriesPoint

_HEAD = (
    "checkpoint",
    "R@1 image",
    "R@1 text",
    "rank image",
    "rank text",
    "CKA image",
    "CKA text",
    "turned",
    "kept",
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "series",
        "Encode a training's checkpoints on one probe set and say what moved; interrupted, it goes on where it was.",
        "sde series logs/run/checkpoints --pairs emoji/val --model ViT-B-32 --output series/run",
    )
    parser.add_argument("checkpoints", help='a folder, or a pattern such as "checkpoints/epoch_*.pt"')
    parser.add_argument("--pairs", required=True, help="the probe set, as for `sde encode`")
    parser.add_argument("--output", required=True, help="folder of the series; `sde watch` reads it too")
    add_pairs_options(parser)
    parser.add_argument("--model", metavar="NAME", help="architecture, where the checkpoints do not say it")
    parser.add_argument(
        "--rule", default="mp-iqr", metavar="NAME", help="partition rule; default: %(default)s"
    )
    parser.add_argument("--device", default="auto", metavar="NAME", help='"auto", "cpu", "cuda" or "cuda:N"')
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Encode what is missing, measure, save, print."""
    from sde_core.errors import ConfigError
    from sde_core.pairs import open_pairs
    from sde_core.partition.rules import rule_names
    from sde_core.training.series import find_checkpoints, make_series

    if options.rule not in rule_names():
        raise ConfigError(f"rule must be one of {', '.join(rule_names())}; got {options.rule!r}")
    checkpoints = find_checkpoints(options.checkpoints)
    pairs = open_pairs(options.pairs, options.input_format, image_root=options.image_root)
    for checkpoint in checkpoints:  # a bar for each; what is there already takes no time
        _encode(checkpoint, pairs, options)
    series = make_series(
        options.checkpoints,
        pairs,
        options.output,
        model=options.model,
        rule=options.rule,
        device=options.device,
    )
    if options.json:
        content = [point.as_dict() for point in series.points]
        print_json({"output": str(series.folder), "points": content})
    else:
        _print(checkpoints, series)


def _encode(checkpoint: "SeriesCheckpoint", pairs: "Pairs", options: argparse.Namespace) -> None:
    from sde_core.training.series import encode_series

    with encoding_bar(checkpoint.name) as told:
        encode_series(
            [checkpoint],
            pairs,
            options.output,
            model=options.model,
            device=options.device,
            progress=lambda _, now: told(now),
        )


def _print(checkpoints: "Sequence[SeriesCheckpoint]", series: "CheckpointSeries") -> None:
    points = series.points
    rows = [_row(checkpoint, point) for checkpoint, point in zip(checkpoints, points, strict=True)]
    title = (
        f"{len(points)} checkpoints at {points[0].look.n_rows:,} pairs, each against {checkpoints[0].name}"
    )
    print_table(title, _HEAD, rows)
    print(
        "turned: median angle of the first image directions; kept: image energy in the first one's strong band"
    )
    for event in series.events():
        print(event)
    print(f"saved in {series.folder}: sde watch {series.folder}, sde report SET --series {series.folder}")


def _row(checkpoint: "SeriesCheckpoint", point: "SeriesPoint") -> tuple[str, ...]:
    look = point.look
    ranks = [math.nan if side is None else side.effective_rank for side in (look.image, look.text)]
    turned = point.turned("image")
    kept = point.in_first_bands["image"].get("strong", math.nan)
    return (
        checkpoint.name,
        *(f"{100 * each:.1f}" for each in (look.recall_image, look.recall_text)),
        *(f"{each:.1f}" for each in ranks),
        *(f"{point.cka[name]:.3f}" for name in ("image", "text")),
        f"{turned:.0f}°",
        f"{100 * kept:.1f} %",
    )

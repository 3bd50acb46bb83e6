"""`sde gap`: what the gap between images and texts is made of, and what it does to a list of both."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from sde_core.cli.options import new_command, words
from sde_core.cli.output import print_json, print_table
from sde_core.errors import DataError
from sde_core.vocabulary import MIXED_TREATMENTS

if TYPE_CHECKING:
    from sde_core.geometry.gap import GapParts
    from sde_core.retrieval.mixed_list import MixedRanking
    from sde_core.sets.embeddings import EmbeddingSet


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "gap",
        "Say what the gap between images and texts is made of, by part and band, and with --fit-on what treatments do "
        "to search in one list of both.",
        "sde gap emoji/test --fit-on emoji/train",
        "sde gap my-vectors --json",
    )
    parser.add_argument("embeddings", metavar="SET", help="pictures and their texts")
    parser.add_argument("--fit-on", metavar="SET", help="another part, to which treatments are fitted")
    parser.add_argument(
        "--baselines",
        type=words,
        default=list(MIXED_TREATMENTS),
        metavar="NAME,...",
        help=f"treatments that move vectors; default: {','.join(MIXED_TREATMENTS)}",
    )
    parser.add_argument("--rule", default="mp-iqr", metavar="NAME", help="of the bands; default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the halves of the mixed list")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    from sde_core.cli.sources import opened_saying
    from sde_core.geometry.gap import gap_parts

    embeddings = opened_saying(options.embeddings)
    parts = gap_parts(*embeddings.paired())
    bands = _bands(embeddings, parts, options.rule)
    mixed = _mixed(embeddings, opened_saying(options.fit_on), options) if options.fit_on else {}
    if options.json:
        names = ("centroid", "trace", "covariance", "rotation", "spread", "frechet_squared", "relative")
        whole = {name: getattr(parts, name) for name in names}
        print_json({**whole, "bands": bands, "mixed": {name: asdict(row) for name, row in mixed.items()}})
        return 0
    total = parts.frechet_squared
    rows = [
        (name, f"{value:.5f}", f"{100 * value / total:.1f}" if total > 0 else "")
        for name, value in (
            ("centroid", parts.centroid),
            ("trace", parts.trace),
            ("covariance", parts.covariance),
            ("rotation", parts.rotation),
            ("Fréchet², all of it", total),
        )
    ]
    print_table(f"{embeddings.name}: parts of the gap", ("part", "value", "%"), rows)
    table = [(name, f"{c:.5f}", f"{s:.5f}") for name, (c, s) in bands.items()]
    print_table("by band", ("band", "centroid", "spread"), table)
    print(
        f"Pairs are {parts.relative:.3f} of the way from together (0) to as far as modalities can be (1): RMG."
    )
    if mixed:
        header = ("treatment", "NDCG@10", "own thing an image", "a text", "images among 10")
        cells = [
            (
                name,
                f"{row.ndcg:.3f}",
                f"{row.ndcg_image:.3f}",
                f"{row.ndcg_text:.3f}",
                f"{100 * row.images_first:.0f} %",
            )
            for name, row in mixed.items()
        ]
        print_table("texts that search one list, half images and half texts", header, cells)
    return 0


def _bands(embeddings: "EmbeddingSet", parts: "GapParts", rule: str) -> dict[str, tuple[float, float]]:
    from sde_core.geometry.gap import gap_labels
    from sde_core.vocabulary import BANDS

    found = parts.by_band(gap_labels(*embeddings.paired(), rule))
    return dict(zip(map(str, BANDS), found, strict=True))


def _mixed(
    embeddings: "EmbeddingSet", reference: "EmbeddingSet", options: argparse.Namespace
) -> "dict[str, MixedRanking]":
    from sde_core.cli.retrieval import check_and_warn
    from sde_core.treatments.mixed_lists import NO_LIST, has_mixed_list, mixed_rankings

    if not has_mixed_list(embeddings):
        raise DataError(f"{embeddings.name} {NO_LIST}; leave out --fit-on")
    check_and_warn(reference, embeddings)
    return mixed_rankings(embeddings, reference, options.baselines, seed=options.seed)

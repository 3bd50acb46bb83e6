"""`sde evaluate --task mmeb`: Precision@1 on folders in MMEB's layout."""

import argparse
from typing import TYPE_CHECKING

from sde_core.cli.options import chosen_batch_size, words
from sde_core.cli.output import encoding_bar, print_json, print_skipped, print_table
from sde_core.errors import ConfigError

if TYPE_CHECKING:
    from sde_core.cli.sources import Source
    from sde_core.mmeb import MMEBReport


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add --image-dir and --subset-name, named as VLM2Vec does."""
    parser.add_argument(
        "--image-dir", metavar="FOLDER", help="mmeb: where paths of pictures start; default: images beside"
    )
    parser.add_argument(
        "--subset-name", type=words, metavar="NAME,...", help="mmeb: only these tasks; default: all"
    )


def run(options: argparse.Namespace, source: "Source", names: list[str]) -> None:
    """Encode queries and candidates of every task, score, print."""
    from sde_core.mmeb import MMEB, evaluate_mmeb

    if options.embeddings is not None or len(names) != 1:
        raise ConfigError(
            "mmeb needs one folder of tasks to encode, as in: sde evaluate MMEB-eval --task mmeb"
        )
    MMEB(names[0], options.image_dir)  # refuses the folder before the encoder is loaded
    encoder = source.encoder
    with encoding_bar(names[0]) as progress:
        report = evaluate_mmeb(
            encoder,
            names[0],
            images=options.image_dir,
            tasks=options.subset_name,
            progress=progress,
            batch_size=chosen_batch_size(options, encoder),
            workers=options.workers,
        )
    print_skipped([*report.failed, *(skipped for score in report.scores for skipped in score.skipped)])
    if options.json:
        print_json(report.as_dict())
        return
    print_report(report)


def print_report(report: "MMEBReport") -> None:
    """Print Precision@1 by task, its means, and beside a whole benchmark what others published."""
    rows = [
        [s.task, f"{100 * s.precision_at_1:.1f}", f"{100 * s.chance:.1f}", str(s.n_queries), str(s.n_lost)]
        for s in report.scores
    ]
    rows += [
        [f"mean, {kind}", f"{100 * value:.1f}", "", "", ""] for kind, value in report.by_category.items()
    ]
    rows.append([f"mean of {len(report.scores)} tasks", f"{100 * report.mean:.1f}", "", "", ""])
    header = ["task", "P@1", "chance", "queries", "lost"]
    print_table(f"MMEB by {report.model}, Precision@1 in %", header, rows)
    if not report.missing:
        from sde_core.mmeb import published_mmeb

        published = [[row.model, f"{row.precision_at_1:.1f}"] for row in published_mmeb()]
        print_table("Published by their authors, not measured here", ["model", "mean P@1"], published)

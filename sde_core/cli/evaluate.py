"""`sde evaluate`: retrieval in both directions; without arguments, the bundled encoder's model card."""

import argparse
from typing import TYPE_CHECKING

from sde_core.cli.options import add_encoder_options, load_chosen_encoder, new_command
from sde_core.cli.output import encoding_bar, print_json, print_skipped, print_table

if TYPE_CHECKING:
    from sde_core.embeddings import EmbeddingSet
    from sde_core.evaluation import Captions, RetrievalReport

_KS = (1, 5, 10)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "evaluate",
        "Print retrieval in both directions. Without arguments: the bundled encoder on the test splits.",
        "sde evaluate clipart/test --captions all --json",
    )
    parser.add_argument(
        "pairs",
        nargs="*",
        default=["emoji/test", "clipart/test"],
        help="sets of pairs to encode; several are also evaluated together; default: %(default)s",
    )
    parser.add_argument(
        "--embeddings",
        nargs="+",
        metavar="FOLDER",
        help="saved embedding sets to evaluate instead of encoding",
    )
    parser.add_argument(
        "--captions",
        choices=("primary", "all", "both"),
        default="both",
        help="gallery of each picture's first caption, of all captions, or a row for each",
    )
    add_encoder_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Encode or open, evaluate each set and all together, print."""
    from sde_core.embeddings import concatenate
    from sde_core.evaluation import evaluate_retrieval

    sets = _opened(options) if options.embeddings else _encoded(options)
    if len(sets) > 1:
        sets.append(concatenate(sets))
    galleries: list[Captions] = ["primary", "all"] if options.captions == "both" else [options.captions]
    reports = [evaluate_retrieval(s, captions=g, ks=_KS) for g in galleries for s in sets]
    if options.json:
        print_json([report.as_dict() for report in reports])
        return
    print_reports(reports)


def print_reports(reports: "list[RetrievalReport]") -> None:
    """Print recalls in percent, with what chance would reach beside R@10."""
    header = ["set", "captions", "images", "texts"]
    for way in ("i→t", "t→i"):
        header += [*(f"{way} R@{k}" for k in _KS), "chance"]
    rows = []
    for report in reports:
        row = [report.dataset, report.captions, str(report.n_images), str(report.n_texts)]
        for direction in ("text", "image"):
            names = [f"{direction}_retrieval_recall@{k}" for k in _KS]
            row += [f"{100 * report.metrics[name]:.1f}" for name in names]
            row.append(f"{100 * report.chance[names[-1]]:.1f}")
        rows.append(row)
    model = reports[0].model or "given vectors"
    print_table(f"Retrieval by {model}, image→text and text→image in %; chance is that of R@10", header, rows)


def _opened(options: argparse.Namespace) -> "list[EmbeddingSet]":
    from sde_core.embedding_store import open_embeddings

    return [open_embeddings(folder) for folder in options.embeddings]


def _encoded(options: argparse.Namespace) -> "list[EmbeddingSet]":
    from sde_core.encoding import encode_pairs
    from sde_core.pairs import open_pairs

    opened = [open_pairs(uri) for uri in options.pairs]
    encoder = load_chosen_encoder(options)
    sets = []
    for pairs in opened:
        with encoding_bar(pairs.uri) as progress:
            embeddings = encode_pairs(
                encoder, pairs, progress=progress, batch_size=options.batch_size, workers=options.workers
            )
        print_skipped(embeddings.skipped)
        sets.append(embeddings)
    return sets

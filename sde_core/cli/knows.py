"""`sde knows`: which directions know a column, and in which band it lives."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sde_core.cli.method_options import add_partition_options, chosen_rule
from sde_core.cli.options import new_command
from sde_core.cli.output import counting_bar, print_json, print_table
from sde_core.errors import DataError
from sde_core.vocabulary import MODALITIES, Centring, Modality

if TYPE_CHECKING:
    from sde_core.knowledge import BandKnowledge, ColumnKnowledge


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "knows",
        "Print in which band of the spectrum each column of a set lives.",
        "sde knows --embeddings emoji --column group --column style",
        json_file=True,
    )
    parser.add_argument(
        "--embeddings", default="emoji", metavar="SET", help="bundled set, folder, file, or IMAGE,TEXT"
    )
    parser.add_argument(
        "--column", action="append", metavar="NAME", help="a metadata column; again for more; default: all"
    )
    parser.add_argument(
        "--given",
        default="",
        metavar="NAME",
        help="a column that is taken off first: what the others know beyond it",
    )
    parser.add_argument(
        "--side", choices=[m.value for m in MODALITIES], default="image", help="default: image"
    )
    add_partition_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Compute and print."""
    from sde_core.embedding_formats.named import open_named
    from sde_core.knowledge import band_knowledge
    from sde_core.partition import partition_spectrum
    from sde_core.partition.manual import move_thresholds
    from sde_core.spectra.spectrum import compute_spectrum

    embeddings = open_named(options.embeddings)
    side = Modality(options.side)
    rows = embeddings.vectors(side)
    spectrum = compute_spectrum(rows, center=Centring(options.center))
    own = partition_spectrum(
        spectrum, chosen_rule(options), features=rows, paired=embeddings.paired_or_none(), seed=options.seed
    )
    partition = move_thresholds(spectrum, own, noise=options.noise_factor, strong=options.strong_factor)
    with counting_bar(options.embeddings) as progress:
        known = band_knowledge(
            embeddings,
            options.column,
            side=side,
            spectrum=spectrum,
            partition=partition,
            given=options.given,
            seed=options.seed,
            progress=lambda done, total: progress("", done, total),
        )
    content = {"embeddings": options.embeddings, "fingerprint": embeddings.fingerprint, **known.as_dict()}
    if options.json == "-":
        print_json(content)
        return
    if options.json:
        _write(content, options.json)
    title = f"{options.embeddings}: what {options.side} directions know, rule {known.rule}"
    if known.given:
        title += f", beyond {known.given}"
    heads = ("", "strong %", "weak %", "noise %", "of variance %", "directions")
    print_table(title, heads, [_row(column, known) for column in known.columns])
    for column in known.columns:
        if column.reason:
            print(f"{column.name} says nothing: {column.reason}")
        elif column.n_gaps:
            print(f"{column.name} has {column.n_gaps:,} gaps; those rows are left out")


def _row(column: "ColumnKnowledge", known: "BandKnowledge") -> tuple[str, ...]:
    if column.says_nothing:
        return (column.name, "-", "-", "-", "-", "0")
    cells = [f"{100 * share:.1f}" for share in column.shares(known.labels)]
    for i, (low, high) in enumerate(column.intervals(known.labels)):
        cells[i] += f" [{100 * low:.1f}, {100 * high:.1f}]"
    return (column.name, *cells, f"{100 * column.share_of_variance:.1f}", str(int(column.significant.sum())))


def _write(content: dict[str, object], target: str) -> None:
    import json

    from sde_core.files.text_file import finite, write_text

    try:
        write_text(Path(target).expanduser(), json.dumps(finite(content), indent=2, allow_nan=False) + "\n")
    except OSError as error:
        raise DataError(f"json must be a writable file; {target}: {error.strerror}") from None

"""`sde knows`: which directions know a column, and in which band it lives."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sde_core.cli.knows_readout import print_readout
from sde_core.cli.knows_rule import print_known_rule
from sde_core.cli.method_options import add_partition_options, chosen_rule
from sde_core.cli.options import new_command
from sde_core.cli.output import counting_bar, print_json, print_table
from sde_core.cli.sources import opened_saying
from sde_core.errors import DataError
from sde_core.files.cache import cache_folder
from sde_core.vocabulary import MODALITIES, Centring, Modality

if TYPE_CHECKING:
    from sde_core.knowledge import BandKnowledge, BandReadout, Column, ColumnKnowledge
    from sde_core.partition import Partition
    from sde_core.report.known_rule import KnownRuleReport
    from sde_core.sets.embeddings import EmbeddingSet
    from sde_core.spectra.spectrum import Spectrum


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "knows",
        "Print in which band of the spectrum each column of a set lives.",
        "sde knows --embeddings emoji --column group --column style",
        "sde knows --embeddings emoji --all --names 20 --json names.json",
        json_file=True,
    )
    parser.add_argument(
        "--embeddings", default="emoji", metavar="SET", help="bundled set, folder, file, or IMAGE,TEXT"
    )
    parser.add_argument(
        "--column",
        action="append",
        metavar="NAME",
        help='a metadata column, a statistic of the images such as brightness, "caption length", or a word of the '
        "captions; again for more; default: the metadata",
    )
    parser.add_argument(
        "--all", action="store_true", help="every column: metadata, captions, statistics of the images"
    )
    parser.add_argument(
        "--names",
        type=int,
        default=0,
        metavar="N",
        help="name the first N directions by what they know; default: 0",
    )
    parser.add_argument(
        "--given",
        default="",
        metavar="NAME",
        help="a column that is taken off first: what the others know beyond it",
    )
    parser.add_argument(
        "--read-out",
        action="store_true",
        help="beside the shares, what a held-out linear probe and neighbours read in each band and in random ones",
    )
    parser.add_argument(
        "--twins",
        default="captions",
        metavar="HOW",
        help="for --read-out, rows that never stand on both sides of a split: of equal captions (default), linked ones "
        "(links), near-equal ones (vectors), or of one value of a metadata column",
    )
    parser.add_argument(
        "--held-out",
        metavar="SET",
        help="another part, whose columns are never read: what rule known, hearing each --column, agrees with, and "
        "what enhancement and pruning by it do to this part's retrieval",
    )
    parser.add_argument(
        "--side", choices=[m.value for m in MODALITIES], default="image", help="default: image"
    )
    add_partition_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Compute and print."""
    from sde_core.knowledge import band_knowledge, direction_names
    from sde_core.partition import partition_spectrum
    from sde_core.partition.manual import move_thresholds
    from sde_core.spectra.spectrum import compute_spectrum

    embeddings = opened_saying(options.embeddings)
    side = Modality(options.side)
    rows = embeddings.vectors(side)
    spectrum = compute_spectrum(rows, center=Centring(options.center))
    own = partition_spectrum(
        spectrum, chosen_rule(options), features=rows, paired=embeddings.paired_or_none(), seed=options.seed
    )
    partition = move_thresholds(spectrum, own, noise=options.noise_factor, strong=options.strong_factor)
    columns = _columns(embeddings, options, side)
    with counting_bar(options.embeddings) as progress:
        known = band_knowledge(
            embeddings,
            columns,
            side=side,
            spectrum=spectrum,
            partition=partition,
            given=options.given,
            seed=options.seed,
            progress=lambda done, total: progress("", done, total),
        )
    content = {"embeddings": options.embeddings, "fingerprint": embeddings.fingerprint, **known.as_dict()}
    names = [str(name) for name in direction_names(known)]
    content["names"] = names
    readout = None
    if options.read_out:
        readout = _read_out(embeddings, columns, options, spectrum, partition)
        content["readout"] = {**readout.as_dict(), "disagreements": readout.disagreements(known)}
    heard = _known_rule(embeddings, options) if options.held_out else None
    if heard is not None:
        content["rule_known"] = heard.as_dict()
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
    if readout is not None:
        print_readout(readout, known)
    if heard is not None:
        print_known_rule(heard)
    if options.names > 0:
        print_table(
            "directions", ("", "named"), [(str(i + 1), name) for i, name in enumerate(names[: options.names])]
        )
    for column in known.columns:
        if column.reason:
            print(f"{column.name} says nothing: {column.reason}")
        elif column.n_gaps:
            print(f"{column.name} has {column.n_gaps:,} gaps; those rows are left out")


def _read_out(
    embeddings: "EmbeddingSet",
    columns: "list[str] | dict[str, Column] | None",
    options: argparse.Namespace,
    spectrum: "Spectrum",
    partition: "Partition",
) -> "BandReadout":
    from sde_core.knowledge import band_readout

    with counting_bar("reading bands out") as progress:
        return band_readout(
            embeddings,
            columns,
            side=options.side,
            spectrum=spectrum,
            partition=partition,
            twins=options.twins,
            seed=options.seed,
            progress=lambda done, total: progress("", done, total),
        )


def _known_rule(embeddings: "EmbeddingSet", options: argparse.Namespace) -> "KnownRuleReport":
    from sde_core.report.known_rule import measure_known_rule

    names = [name for name in options.column or () if name in embeddings.metadata]
    with counting_bar("rule known") as progress:
        return measure_known_rule(
            embeddings,
            opened_saying(options.held_out),
            names,
            center=Centring(options.center),
            seed=options.seed,
            progress=progress,
        )


def _columns(
    embeddings: "EmbeddingSet", options: argparse.Namespace, side: Modality
) -> "list[str] | dict[str, Column] | None":
    """Return what is asked for: names of metadata where these will do, else columns that are made of the set."""
    from sde_core.knowledge import set_columns, word_column
    from sde_core.knowledge.caption_columns import LENGTH
    from sde_core.knowledge.image_statistics import KINDS

    asked = [*(options.column or ()), *([options.given] if options.given else ())]
    if set(asked) <= set(embeddings.metadata) and not options.all and (asked or embeddings.metadata):
        return options.column  # type: ignore[no-any-return]
    looks = options.all or not asked or bool(set(asked) & set(KINDS))
    with counting_bar("reading images") as progress:
        there = set_columns(
            embeddings,
            side,
            images=looks,
            cache=cache_folder() / "statistics",
            progress=lambda done, total: progress("", done, total),
        )
    for name in asked:
        if name not in there:
            column = word_column(embeddings, name, side)
            if len(column.values) < 2:
                known = ", ".join(dict.fromkeys((*embeddings.metadata, *KINDS, LENGTH)))
                what = "given" if name == options.given else "column"
                raise DataError(f"{what} must be one of {known}, or a word of the captions; got {name!r}")
            there[name] = replace(column, name=name)
    return there if options.all or not options.column else {name: there[name] for name in asked}


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

"""`sde compress`: how many dimensions and bits of a set may be kept, and what that costs in recall."""

import argparse
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sde_core.cli.options import new_command, words
from sde_core.cli.output import counting_bar, print_json, print_table
from sde_core.errors import ConfigError
from sde_core.vocabulary import Modality

if TYPE_CHECKING:
    from sde_core.checks.matrices import MatrixLike
    from sde_core.sets.embeddings import EmbeddingSet
    from sde_core.treatments.compression.axes import Axes, CompressionMap, Floats
    from sde_core.treatments.compression.codes import Code, Progress
    from sde_core.treatments.compression.table import CompressedRetrieval, CompressionTable


N_QUERIES = 1_000
"""That ask each way of a large set."""
MOST_IN_MEMORY = 50_000
"""Images or texts that are ranked in memory, each against each."""
MOST_FITTED = 50_000
"""Pairs to which axes and ranges are fitted; of more, a seeded sample."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "compress",
        "Say how many dimensions and bits of a set may be kept: recall by axes, width and code, and what the spectrum "
        "predicts.",
        "sde compress emoji/test --fit-on emoji/train",
        "sde compress test-vectors --fit-on train-vectors --widths 768,384,192 --keep pca:192 --output map.safetensors",
    )
    parser.add_argument("embeddings", metavar="SET", help="pictures and texts that recall is measured on")
    parser.add_argument(
        "--fit-on", required=True, metavar="SET", help="another part, to which axes and ranges are fitted"
    )
    parser.add_argument("--widths", type=words, metavar="N,...", help="default: d, d/2, d/3, d/6")
    parser.add_argument(
        "--axes", type=words, metavar="NAME,...", help="own, random, pca, cross, itq; default: all"
    )
    parser.add_argument(
        "--codes", type=words, metavar="NAME,...", help="float32, float16, int8, 1bit; default: all"
    )
    parser.add_argument(
        "--rescore",
        type=int,
        default=0,
        metavar="K",
        help="add rows whose best K are scored again by whole vectors",
    )
    parser.add_argument(
        "--captions", choices=("each", "primary", "all"), default="all", help="the gallery; default: all"
    )
    parser.add_argument(
        "--queries",
        type=int,
        metavar="N",
        help="ask with N seeded texts and N images, each among everything, the gallery read in blocks; 0: with all; "
        f"default: {N_QUERIES:,} in sets of more than {MOST_IN_MEMORY:,}, else all in memory",
    )
    parser.add_argument("--seed", type=int, default=0, help="of rotations, draws and the blur")
    parser.add_argument(
        "--keep", metavar="AXES:WIDTH[:CODE]", help="write that map, such as pca:96:int8, to --output"
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="of what --keep names: .safetensors for the map, .faiss for an index with the map before its codes",
    )
    parser.add_argument(
        "--add",
        metavar="SET",
        help="with --output FILE.faiss: vectors that fill the index, its images, else its texts; read in blocks",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, print, and write the map that was chosen."""
    from sde_core.cli.retrieval import check_and_warn
    from sde_core.cli.sources import opened_saying
    from sde_core.sets.evaluation import gallery_of
    from sde_core.treatments.compression.axes import fit_axes
    from sde_core.treatments.compression.table import recommendation

    if bool(options.keep) != bool(options.output):
        raise ConfigError("--keep and --output must be given together: which map, and where it goes")
    if options.add and not str(options.output).endswith(".faiss"):
        raise ConfigError("--add fills an index: give --keep and --output FILE.faiss with it")
    kept = _kept(options.keep, options.output) if options.keep else None
    tested, reference = opened_saying(options.embeddings), opened_saying(options.fit_on)
    check_and_warn(reference, tested)
    gallery, paired = gallery_of(tested, options.captions), _fitted_on(reference)
    queries = options.queries
    if queries is None and max(gallery.n_images, gallery.n_texts) > MOST_IN_MEMORY:
        queries = N_QUERIES
    with counting_bar(tested.name) as progress:
        rows = _measured(gallery, paired, queries, options, progress)
    if kept is not None:
        onto = fit_axes(*paired, kept[0], kept[1], seed=options.seed)
        _write(onto, kept[2], paired, options.output, options.add)
    if options.json:
        print_json({"rows": [asdict(row) for row in rows], "recommendation": recommendation(rows)})
        return 0
    header = ("kept", "mean recall %, 95 %", "change, points", "predicted %", "fidelity", "MB per million")
    asked = f", {queries:,} texts and images ask" if queries else ""
    print_table(f"{tested.name}{asked}, fitted on {reference.name}", header, [_cells(row) for row in rows])
    print(recommendation(rows))
    return 0


def _measured(
    gallery: "EmbeddingSet",
    paired: "tuple[Floats, Floats]",
    queries: int | None,
    options: argparse.Namespace,
    progress: "Progress",
) -> "CompressionTable":
    from sde_core.retrieval.bootstrap import Resampling
    from sde_core.treatments.compression.axes import AXES
    from sde_core.treatments.compression.codes import CODES
    from sde_core.treatments.compression.streamed import streamed_compression
    from sde_core.treatments.compression.table import compression_table

    how: dict[str, Any] = {
        "widths": [_width(each) for each in options.widths] if options.widths else None,
        "axes": options.axes or AXES,
        "codes": options.codes or CODES,
        "rescore": options.rescore,
        "resampling": Resampling(seed=options.seed),
        "seed": options.seed,
        "progress": progress,
    }
    sides = (gallery.image, gallery.text, gallery.links)
    if queries is None:
        return compression_table(*sides, paired, **how)
    return streamed_compression(*sides, paired, queries=queries, **how)


def _fitted_on(reference: "EmbeddingSet") -> "tuple[Floats, Floats]":
    from sde_core.geometry.projection import sample_rows

    if reference.n_images <= MOST_FITTED:
        return reference.paired()
    return reference.select(sample_rows(reference.n_images, MOST_FITTED)).paired()


def _cells(row: "CompressedRetrieval") -> tuple[str, ...]:
    recall, change = row.recall, row.change
    return (
        row.name,
        f"{100 * recall.estimate:.1f} [{100 * recall.low:.1f}, {100 * recall.high:.1f}]",
        f"{100 * change.estimate:+z.1f} [{100 * change.low:+z.1f}, {100 * change.high:+z.1f}]",
        "" if math.isnan(row.predicted) else f"{100 * row.predicted:.1f}",
        f"{row.fidelity:.3f}",
        f"{row.bytes_per_million / 1e6:.0f}",
    )


def _kept(text: str, output: str) -> "tuple[Axes, int, Code]":
    """Return axes, width and code that are kept, checked before anything is measured."""
    from sde_core.treatments.compression.axes import AXES
    from sde_core.treatments.compression.codes import CODES

    named, _, rest = text.partition(":")
    width, _, coded = rest.partition(":")
    axes = next((each for each in AXES if each == named), None)
    code = next((each for each in CODES if each == (coded or "float32")), None)
    if axes is None or code is None:
        raise ConfigError(
            f"--keep must be AXES:WIDTH or AXES:WIDTH:CODE of {', '.join(AXES)} and {', '.join(CODES)}; got {text!r}"
        )
    if coded and not output.endswith(".faiss"):
        raise ConfigError(f"--output must end in .faiss where --keep names a code, {code}; got {output!r}")
    return axes, _width(width), code


def _write(
    onto: "CompressionMap", code: "Code", reference: "tuple[MatrixLike, MatrixLike]", output: str, added: str
) -> None:
    from sde_core.cli.sources import opened_saying
    from sde_core.treatments.compression.codes import compressed_index, fill_index

    if not output.endswith(".faiss"):
        onto.save(output)
        return
    import faiss

    from sde_core.files.claims import claimed_file

    filling = opened_saying(added) if added else None
    modality = filling.modalities[0] if filling else Modality.IMAGE
    index = compressed_index(onto, code, reference, modality=modality)
    if filling:
        with counting_bar(filling.name) as progress:
            fill_index(index, filling.vectors(modality), progress)
    with claimed_file(Path(output)) as file:
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]


def _width(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ConfigError(f"a width must be a whole number of at least 1; got {text!r}")
    return int(text)

"""`sde similarity`: how alike two spaces of the same items are, beyond chance."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from sde_core.cli.options import new_command, words
from sde_core.cli.output import print_json, print_table
from sde_core.errors import DataError

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet, Floats
    from sde_core.vocabulary import Modality

_ROWS = 1_000


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "similarity",
        "Say how alike spaces of the same items are, beyond chance; of several B the best is tested as the best.",
        "sde similarity vectors other-vectors",
        "sde similarity vectors layer-4 layer-8 layer-12 --measures mutual-knn,unbiased-cka",
    )
    parser.add_argument("first", metavar="A", help="vectors")
    parser.add_argument(
        "second", metavar="B", nargs="+", help="vectors of the same items: encoders, layers, checkpoints"
    )
    parser.add_argument("--measures", type=words, metavar="NAME,...", help="default: all")
    parser.add_argument("--permutations", type=int, default=200, metavar="K", help="shuffles; default: 200")
    parser.add_argument(
        "--rows",
        type=int,
        default=_ROWS,
        metavar="N",
        help=f"items at most, a seeded sample; default: {_ROWS:,}",
    )
    parser.add_argument("--seed", type=int, default=0, help="of sample and shuffles")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure each shared modality and print."""
    from sde_core.cli.sources import opened_saying
    from sde_core.geometry.similarity.calibration import calibrated_similarity
    from sde_core.geometry.similarity.measures import measure_names

    first, others = opened_saying(options.first), [opened_saying(name) for name in options.second]
    shared = [m for m in first.modalities if all(m in each.modalities for each in others)]
    if not shared:
        raise DataError(f"{options.first} and {', '.join(options.second)} must have a modality in common")
    results = []
    for modality in shared:
        sides = _rows([first, *others], modality, options.rows, options.seed)
        for name in options.measures or measure_names():
            found = calibrated_similarity(
                sides[0], sides[1:], name, n_permutations=options.permutations, seed=options.seed
            )
            best = options.second[found.place[1]] if found.place else ""
            results.append({"modality": str(modality), "items": len(sides[0]), "best": best, **asdict(found)})
    if options.json:
        print_json(results)
        return 0
    header = [
        "measure",
        "modality",
        "value",
        "by chance",
        "score",
        "p",
        *(["best"] if len(others) > 1 else []),
    ]
    table = []
    for r in results:
        cells = [
            r["measure"],
            r["modality"],
            *(f"{r[k]:.3f}" for k in ("value", "null_mean", "score", "p_value")),
        ]
        table.append([*cells, *([r["best"]] if len(others) > 1 else [])])
    print_table(
        f"{options.first} and {', '.join(options.second)}, {results[0]['items']:,} items", header, table
    )
    return 0


def _rows(sets: "list[EmbeddingSet]", modality: "Modality", most: int, seed: int) -> "list[Floats]":
    """Return the same items of every set, by place; refuse other counts."""
    import numpy as np

    vectors = [each.vectors(modality) for each in sets]
    counts = {len(each) for each in vectors}
    if len(counts) > 1:
        raise DataError(f"all must have the same items, row by row; got {sorted(counts)} {modality} rows")
    chosen = np.sort(np.random.default_rng(seed).permutation(len(vectors[0]))[:most])
    return [np.asarray(each[chosen], np.float64) for each in vectors]

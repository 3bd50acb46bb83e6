"""`sde mismatched`: which pairs are wrong, how many there are, and a list without them."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sde_core.cli.options import new_command
from sde_core.cli.output import print_json, print_table
from sde_core.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sde_core.geometry.mismatched.pairs import MismatchedPairs
    from sde_core.geometry.mismatched.scores import PairMeasure
    from sde_core.sets.embeddings import EmbeddingSet

_MEASURES: "tuple[PairMeasure, ...]" = ("margin", "ratio", "cosine")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "mismatched",
        "Say which pairs are wrong (noisy correspondence): those that fit least, "
        "how many of them, and a list without them.",
        "sde mismatched emoji/test",
        "sde mismatched my-vectors --drop 200 --output kept.csv",
        "sde mismatched emoji/test --plant 0.1",
    )
    parser.add_argument("embeddings", metavar="SET", help="pictures and their texts")
    parser.add_argument(
        "--measure", choices=_MEASURES, default="margin", help="what orders the pairs; default: margin"
    )
    parser.add_argument(
        "--groups",
        metavar="COLUMN",
        help="column of the set, such as concept: ratio scores each of its values by what the others teach",
    )
    parser.add_argument(
        "--show", type=int, default=10, metavar="N", help="pairs that are listed; default: 10"
    )
    parser.add_argument(
        "--plant",
        type=float,
        metavar="SHARE",
        help="exchange that share of captions and say how well each measure finds them",
    )
    parser.add_argument("--drop", type=int, metavar="N", help="leave the first N out of --output")
    parser.add_argument("--output", metavar="FILE", help=".csv or .jsonl of the pairs that are left")
    parser.add_argument("--rule", default="mp-iqr", metavar="NAME", help="of the bands; default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of shuffles and folds")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Score, print, and write what is left."""
    from sde_core.cli.sources import opened_saying
    from sde_core.geometry.mismatched.pairs import mismatched_pairs, planted_recovery
    from sde_core.sets.pair_list import KINDS, write_pair_list

    if (options.drop is None) != (options.output is None):
        raise ConfigError(
            "--drop and --output must be given together: how many go, and where the rest is put"
        )
    if options.output and Path(options.output).suffix.lower() not in KINDS:
        raise ConfigError(f"--output must end in {' or '.join(KINDS)}; got {options.output!r}")
    if options.show < 0:
        raise ConfigError(f"--show must be at least 0; got {options.show}")
    embeddings = opened_saying(options.embeddings)
    embeddings.check_both()
    given = embeddings.image, embeddings.text, embeddings.links
    groups = _groups(embeddings, options.groups)
    if options.plant is not None:
        rows: dict[str, dict[str, float]] = {
            measure: asdict(
                planted_recovery(
                    *given, measure=measure, groups=groups, share=options.plant, seed=options.seed
                )
            )
            for measure in _MEASURES
        }
        _print_planted(embeddings, options, rows)
        return 0
    found = mismatched_pairs(*given, measure=options.measure, groups=groups, seed=options.seed)
    if options.output:
        write_pair_list(embeddings, found.kept(options.drop), options.output)
    _print(embeddings, options, found)
    return 0


def _groups(embeddings: "EmbeddingSet", column: str | None) -> "npt.NDArray[np.generic] | None":
    if column is None:
        return None
    if column not in embeddings.metadata:
        known = ", ".join(embeddings.metadata) or "no column"
        raise ConfigError(
            f"--groups must be a column of {embeddings.name}, which has {known}; got {column!r}"
        )
    return embeddings.metadata[column]


def _print_planted(
    embeddings: "EmbeddingSet", options: argparse.Namespace, rows: dict[str, dict[str, float]]
) -> None:
    if options.json:
        print_json(rows)
        return
    cells = [(name, f"{r['auc']:.3f}", f"{100 * r['precision']:.0f}") for name, r in rows.items()]
    title = f"{embeddings.name}: {100 * options.plant:g} % of the captions exchanged, found again"
    print_table(title, ("measure", "AUC", "of as many first, %"), cells)


def _print(embeddings: "EmbeddingSet", options: argparse.Namespace, found: "MismatchedPairs") -> None:
    parts = _bands(embeddings, options.rule)
    shown: list[dict[str, Any]] = []
    for number, link in enumerate(found.order[: options.show]):
        text, image = found.links[link]
        shown.append(
            {
                "image_id": embeddings.image_ids[int(image)],
                "caption": embeddings.captions[int(text)],
                "score": float(found.scores[link]),
                "wrong_so_far_at_most": float(found.precision[number]),
                "cosine": float(parts[link].sum()),
                "strong": float(parts[link, 0]),
                "weak": float(parts[link, 1]),
                "noise": float(parts[link, 2]),
                "has_twin": bool(found.has_twin[link]),
            }
        )
    if options.json:
        whole = {name: getattr(found, name) for name in ("share", "share_low", "share_high", "n_wrong")}
        print_json({"measure": options.measure, "pairs": len(found.links), **whole, "first": shown})
        return
    header = (
        options.measure,
        "wrong so far, at most %",
        "cosine = strong, weak, noise",
        "twin",
        "image",
        "caption",
    )
    cells = [
        (
            f"{r['score']:.3f}",
            f"{100 * r['wrong_so_far_at_most']:.0f}",
            f"{r['cosine']:.2f} = {r['strong']:+.2f} {r['weak']:+.2f} {r['noise']:+.2f}",
            "yes" if r["has_twin"] else "",
            r["image_id"][:28],
            r["caption"][:40],
        )
        for r in shown
    ]
    print_table(f"{embeddings.name}: pairs that fit least", header, cells)
    low, high = 100 * found.share_low, 100 * found.share_high
    print(
        f"At most about {found.n_wrong:,} of {len(found.links):,} pairs are wrong: {100 * found.share:.1f} % "
        f"[{low:.1f}, {high:.1f}]."
    )


def _bands(embeddings: "EmbeddingSet", rule: str) -> "npt.NDArray[np.float64]":
    """Return the parts of each pair's cosine by band of the spectrum of both modalities together."""
    from sde_core.geometry.mismatched.bands import pair_cosines_by_band
    from sde_core.partition import partition_spectrum
    from sde_core.spectra.cross_spectrum import compute_joint_spectrum

    paired = embeddings.paired()
    joint = compute_joint_spectrum(*paired, center=None)
    labels = partition_spectrum(joint, rule, paired=paired).labels
    given = embeddings.image, embeddings.text, embeddings.links
    return pair_cosines_by_band(*given, joint.basis, labels).numpy()

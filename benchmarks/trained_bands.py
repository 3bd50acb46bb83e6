"""Where group, subgroup and style live after training, by loss: TRAINED_BANDS.md; `python -m benchmarks.trained_bands`.

Each training is a file of its own; the same command goes on from there. `--report` prints the tables of what has run.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import sde_core as sde
from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.evaluation import part_vectors, retrieval_hits
from benchmarks.evidence.features import Features, features_of
from benchmarks.evidence.plan import MAIN
from benchmarks.evidence.regimes import Part, regime
from benchmarks.evidence.results import winners
from benchmarks.evidence.training import Trained, train
from sde_core.knowledge import disentanglement
from sde_core.partition import Decision
from sde_core.vocabulary import BANDS

ROOT = Path(__file__).resolve().parents[1]
METHODS = ("infonce", "whitened-both", "sde", "contrast", "barlow", "vicreg")
SEEDS = (0, 1, 2, 3)
COLUMNS = ("group", "subgroup", "style")
EQUAL = (6, 54)
ENERGY = (0.34, 0.89)
_T3 = 3.182  # two-sided 95 % of Student's t with three degrees of freedom


def main() -> None:
    """Run what has not run yet; or print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trained_bands", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1e9, help="start no training after these")
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build/trained_bands", help="default: build/trained_bands"
    )
    parser.add_argument("--report", action="store_true", help="print the tables of what has run")
    options = parser.parse_args()
    if options.report:
        print("\n".join(tables(read(options.work))))
        return
    _run(options.work, time.monotonic() + 60 * options.minutes)


def _run(work: Path, deadline: float) -> None:
    work.mkdir(parents=True, exist_ok=True)
    corpus = Corpus.bundled()
    features = features_of(corpus, "bundled", work / "features", is_clean=True)
    data = regime(corpus, "styles")
    knobs = {
        run["method"]: run["knobs"]
        for run in [*winners(4), *winners()]
        if (run["regime"], run["towers"]) == ("styles", MAIN)
    }
    for seed in SEEDS:
        for method in METHODS:
            target = work / f"{method}-{seed}.json"
            if target.exists():
                continue
            if time.monotonic() > deadline:
                print("The time is up; the same command goes on from here.")
                return
            began = time.monotonic()
            rows = data.fitting(seed).train
            trained = train(corpus, features, rows, method=method, knobs=knobs[method], seed=seed)
            found = {"method": method, "seed": seed} | measured(corpus, features, trained, data.tests)
            target.write_text(json.dumps(found, indent=1) + "\n")
            print(f"{target.name}: {time.monotonic() - began:.0f} s", flush=True)


def measured(corpus: Corpus, features: Features, trained: Trained, tests: dict[str, Part]) -> dict[str, Any]:
    """Return what the protocol measures of a training."""
    rows = corpus.rows("emoji", "test")
    image, text, links = part_vectors(corpus, features, trained, Part(rows=rows))
    made = sde.EmbeddingSet.from_arrays(image.numpy(), text.numpy(), links)
    columns = {name: corpus.column(name)[rows] for name in COLUMNS}
    spectrum = sde.compute_spectrum(made.image, center="mean")
    known = sde.band_knowledge(made, columns, spectrum=spectrum, n_resamples=0)
    held = (spectrum.energies.cumsum(0) / spectrum.energies.sum()).cpu()
    ways = {
        "rule": sde.partition_spectrum(spectrum).labels,
        "size": torch.bucketize(torch.arange(spectrum.rank), torch.tensor(EQUAL), right=True),
        "energy": torch.bucketize(held - 1e-12, torch.tensor(ENERGY, dtype=held.dtype)),
    }
    by_size = sde.partition_spectrum(
        spectrum,
        lambda s, e: Decision(tau_strong=float("nan"), tau_noise=float("nan"), labels=ways["size"]),
    )
    told = disentanglement(made, columns, spectrum=spectrum, partition=by_size, n_rotations=5)
    own = {
        "disentanglement": told.disentanglement,
        "completeness": told.completeness,
        "specificity": float(np.mean(list(told.specificity.values()))),
    }
    recall = {
        name: float(np.mean(retrieval_hits(*part_vectors(corpus, features, trained, tests[name])).recall(1)))
        for name in ("id", "style")
    }
    return {
        "variance": {name: known[name].share_of_variance for name in COLUMNS},
        "counts": {way: torch.bincount(labels, minlength=3).tolist() for way, labels in ways.items()},
        "shares": {way: known.shares(labels) for way, labels in ways.items()},
        "numbers": own,
        "null": {name: float(values.mean()) for name, values in told.null.items()},
        "recall": recall,
    }


def read(work: Path) -> dict[str, list[dict[str, Any]]]:
    """Return what has run, by method, seeds in order; a method that lacks a seed is left out."""
    found = {}
    for method in METHODS:
        files = [work / f"{method}-{seed}.json" for seed in SEEDS]
        if all(file.exists() for file in files):
            found[method] = [json.loads(file.read_text()) for file in files]
    return found


def tables(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return both tables as Markdown: numbers beside recall, and where each column lives."""
    head = ("loss", "disentangled less rotated (difference to InfoNCE)", "complete", "band-specific")
    lines = [_row(*head, "R@1, %, seen style", "unseen"), _row(*(6 * ["---"]))]
    plain = found["infonce"]
    for method, runs in found.items():
        cells = [_beside(runs, plain, lambda run, n=name: run["numbers"][n] - run["null"][n], 1) for name in
                 ("disentanglement", "completeness", "specificity")]  # fmt: skip
        cells += [
            _beside(runs, plain, lambda run, n=name: 100 * run["recall"][n], 0.01) for name in ("id", "style")
        ]
        lines.append(_row(method, *cells))
    where = [f"{c}: {b}" for c in COLUMNS for b in ("of variance", "strong / weak / noise, equal size, %")]
    lines += ["", _row("loss", "bands by rule", *where), _row(*((2 + len(where)) * ["---"]))]
    for method, runs in found.items():
        counts = " / ".join(f"{np.mean([run['counts']['rule'][i] for run in runs]):.0f}" for i in range(3))
        cells = []
        for name in COLUMNS:
            cells.append(f"{100 * np.mean([run['variance'][name] for run in runs]):.1f} %")
            shares = [
                np.mean([run["shares"]["size"].get(name, {}).get(b, np.nan) for run in runs]) for b in BANDS
            ]
            cells.append(" / ".join(f"{100 * share:.0f}" for share in shares))
        lines.append(_row(method, counts, *cells))
    return lines


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _beside(runs: list[dict[str, Any]], plain: list[dict[str, Any]], of: Any, unit: float) -> str:  # noqa: ANN401
    values = np.array([of(run) for run in runs])
    digits = 3 if unit == 1 else 1
    mean = f"{values.mean():.{digits}f}"
    if runs is plain:
        return mean
    apart = values - np.array([of(run) for run in plain])
    reach = _T3 * apart.std(ddof=1) / np.sqrt(len(apart))
    low, high = apart.mean() - reach, apart.mean() + reach
    return f"{mean} ({apart.mean():+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}])"


if __name__ == "__main__":
    main()

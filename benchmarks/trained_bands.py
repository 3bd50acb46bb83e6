"""Where group, subgroup and style live after training, by loss: TRAINED_BANDS.md; `python -m benchmarks.trained_bands`.

Each training is a file of its own; the same command goes on from there. `--report` keeps what has run in
trained_bands.json and writes tables and picture of docs/results.md from it.
"""

import argparse
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

import sde_core as sde
from benchmarks.evidence import plots
from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.evaluation import part_vectors, retrieval_hits
from benchmarks.evidence.features import Features, features_of
from benchmarks.evidence.plan import MAIN
from benchmarks.evidence.regimes import Part, regime
from benchmarks.evidence.results import winners
from benchmarks.evidence.training import Trained, train
from benchmarks.training_run import write
from sde_core.knowledge import disentanglement
from sde_core.partition import Decision
from sde_core.report.svg import Figure
from sde_core.vocabulary import BANDS

ROOT = Path(__file__).resolve().parents[1]
METHODS = ("infonce", "whitened-both", "sde", "contrast", "barlow", "vicreg")
SEEDS = (0, 1, 2, 3)
COLUMNS = ("group", "subgroup", "style")
EQUAL = (6, 54)
ENERGY = (0.34, 0.89)
KEPT = ROOT / "benchmarks/trained_bands.json"
PAGE = ROOT / "docs/results.md"
PICTURE = ROOT / "docs/images/results-bands.svg"
Runs = list[dict[str, Any]]
Number = Callable[[dict[str, Any]], float]
_T3 = 3.182  # two-sided 95 % of Student's t with three degrees of freedom


def main() -> None:
    """Run what has not run yet; or keep it and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trained_bands", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1e9, help="start no training after these")
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build/trained_bands", help="default: build/trained_bands"
    )
    parser.add_argument("--report", action="store_true", help="keep what has run, write tables and picture")
    options = parser.parse_args()
    if options.report:
        if options.work.exists():
            KEPT.write_text(json.dumps(rounded(read(options.work)), indent=1) + "\n")
        found = json.loads(KEPT.read_text("utf-8"))
        PAGE.write_text(filled(PAGE.read_text("utf-8"), found), "utf-8")
        write(picture(found), PICTURE)
        print("\n".join(tables(found)))
        return
    _run(options.work, time.monotonic() + 60 * options.minutes)


def _run(work: Path, deadline: float) -> None:
    work.mkdir(parents=True, exist_ok=True)
    corpus = Corpus.bundled()
    features = features_of(corpus, "bundled", work / "features", is_clean=True)
    data = regime(corpus, "styles")
    knobs = chosen_knobs()
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


def chosen_knobs() -> dict[str, dict[str, Any]]:
    """Return the knobs that won the study's searches on the two styles, by method."""
    return {
        run["method"]: run["knobs"]
        for run in [*winners(4), *winners()]
        if (run["regime"], run["towers"]) == ("styles", MAIN)
    }


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
    recall = {
        name: float(np.mean(retrieval_hits(*part_vectors(corpus, features, trained, tests[name])).recall(1)))
        for name in ("id", "style")
    }
    return {
        "variance": {name: known[name].share_of_variance for name in COLUMNS},
        "counts": {way: torch.bincount(labels, minlength=3).tolist() for way, labels in ways.items()},
        "shares": {way: known.shares(labels) for way, labels in ways.items()},
        "numbers": told.numbers,
        "null": {name: float(values.mean()) for name, values in told.null.items()},
        "recall": recall,
    }


def read(work: Path) -> dict[str, Runs]:
    """Return what has run, by method, seeds in order; a method that lacks a seed is left out."""
    found = {}
    for method in METHODS:
        files = [work / f"{method}-{seed}.json" for seed in SEEDS]
        if all(file.exists() for file in files):
            found[method] = [json.loads(file.read_text()) for file in files]
    return found


def filled(page: str, found: dict[str, Runs]) -> str:
    """Return the page with its tables replaced."""
    made = "\n".join(tables(found))
    marked = re.compile(r"(<!-- trained bands -->\n).*?(<!-- /trained bands -->)", re.DOTALL)
    return marked.sub(lambda m: f"{m[1]}{made}\n{m[2]}", page)


def tables(found: dict[str, Runs]) -> list[str]:
    """Return both tables as Markdown: numbers beside recall, and where each column lives."""
    lines = [_row("loss", *NUMBERS), _row(*((1 + len(NUMBERS)) * ["---"]))]
    plain = found["infonce"]
    for method, runs in found.items():
        lines.append(_row(f"`{method}`", *(_beside(runs, plain, of) for of in NUMBERS.values())))
    where = [f"{c}: {b}" for c in COLUMNS for b in ("of variance", "strong / weak / noise")]
    lines += ["", _row("loss", "directions by rule", *where), _row(*((2 + len(where)) * ["---"]))]
    for method, runs in found.items():
        counts = " / ".join(f"{np.mean([run['counts']['rule'][i] for run in runs]):.0f}" for i in range(3))
        cells = []
        for name in COLUMNS:
            cells.append(f"{100 * np.mean([run['variance'][name] for run in runs]):.1f} %")
            shares = [100 * np.mean([run["shares"]["size"][name][band] for run in runs]) for band in BANDS]
            cells.append(" / ".join(f"{share:.0f}" for share in shares))
        lines.append(_row(f"`{method}`", counts, *cells))
    return lines


def picture(found: dict[str, Runs]) -> Figure:
    """Return the differences to InfoNCE with their intervals: both primary numbers, and R@1 of the unseen style."""
    panels: dict[str, dict[str, dict[str, float]]] = {}
    for name in ("disentangled", "style in strong, %", "R@1 unseen, %"):
        panels[name] = rows = {}
        for method, runs in found.items():
            if method != "infonce":
                middle, low, high = apart(runs, found["infonce"], NUMBERS[name])
                holm = 1.0 if low <= 0 <= high else 0.0
                rows[method] = {"estimate": middle, "low": low, "high": high, "holm": holm}
    return plots.beside(
        panels,
        "hundredths against InfoNCE",
        alt="Difference of five losses to InfoNCE with 95 % intervals: disentanglement, style in strong, R@1.",
    )


def _less_null(name: str) -> Number:
    return lambda run: 100 * (run["numbers"][name] - run["null"][name])


NUMBERS: dict[str, Number] = {
    "disentangled": _less_null("disentanglement"),
    "complete": _less_null("completeness"),
    "band-specific": _less_null("specificity"),
    "style in strong, %": lambda run: 100 * run["shares"]["size"]["style"]["strong"],
    "R@1 seen, %": lambda run: 100 * run["recall"]["id"],
    "R@1 unseen, %": lambda run: 100 * run["recall"]["style"],
}
"""Column of the table -> what it says of a training, in hundredths; the first three less random rotations."""


def apart(runs: Runs, plain: Runs, of: Number) -> tuple[float, float, float]:
    """Return the mean difference to InfoNCE of the same seed, and the ends of its 95 % interval."""
    values = np.array([of(run) - of(other) for run, other in zip(runs, plain, strict=True)])
    reach = _T3 * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - reach), float(values.mean() + reach)


def rounded(value: Any) -> Any:  # noqa: ANN401
    """Return JSON with five decimals."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return round(value, 5) if isinstance(value, float) else value


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _beside(runs: Runs, plain: Runs, of: Number) -> str:
    mean = f"{np.mean([of(run) for run in runs]):.1f}"
    if runs is plain:
        return mean
    middle, low, high = apart(runs, plain, of)
    return f"{mean} ({middle:+.1f} [{low:+.1f}, {high:+.1f}])"


if __name__ == "__main__":
    main()

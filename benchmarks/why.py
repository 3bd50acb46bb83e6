"""What each loss does to the spectrum while it trains, and what goes with the gain: WHY.md; `python -m benchmarks.why`.

Each training is a file of its own; the same command goes on from there. `--report` keeps what has run in why.json and
writes tables and picture of docs/why.md from it.
"""

import argparse
import json
import math
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import sde_core as sde
from benchmarks import why_report
from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.evaluation import part_vectors, retrieval_hits, spectrum_of
from benchmarks.evidence.features import Features, features_of
from benchmarks.evidence.fifth_methods import FIFTH
from benchmarks.evidence.methods import METHODS
from benchmarks.evidence.plan import MAIN
from benchmarks.evidence.regimes import Part, regime
from benchmarks.evidence.results import winners
from benchmarks.evidence.training import Trained, train
from benchmarks.trained_bands import rounded
from sde_core.losses import whitened_agreement
from sde_core.retrieval.links import Ints
from sde_core.vocabulary import BANDS

ROOT = Path(__file__).resolve().parents[1]
WATCHED = ROOT / "data/watched"
REGIMES = {"styles": ("id", "other"), "pairs-5000": ("id",)}
"""Regime -> test parts whose score is kept; the spectrum is that of the first."""
SEEDS = (50, 51, 52, 53)
STEPS = why_report.STEPS
PLAYED = ("pairs-5000", 50)
"""Regime and seed of the trainings that the dashboard plays."""
EVERY = 8
"""Steps from one kept look of those to the next."""
LOSSES: dict[str, tuple[str, dict[str, float]]] = {
    "infonce": ("infonce", {}),
    "whitened-both": ("whitened-both", {"weight": 3.0, "shrinkage": 0.1}),
    "spectral": ("spectral", {"weight": 1.0, "shrinkage": 0.1}),
    "barlow-batch": ("barlow-batch", {"weight": 0.03, "off_diagonal": 0.005}),
    "contrast": ("contrast", {"weight": 0.3, "tau_c": 0.05}),
    "vicreg": ("vicreg", {"weight": 0.03}),
    "sde-0.1": ("sde", {"lambda": 0.1}),
    "sde-1": ("sde", {"lambda": 1.0}),
}
"""Name in tables -> method of the study, and its own knobs."""
_BUILDS: dict[str, Any] = {**FIFTH, "contrast": METHODS["contrast"]}


def main() -> None:
    """Run what has not run yet; or keep it and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.why", description=__doc__)
    parser.add_argument("--work", type=Path, default=ROOT / "build/why", help="default: build/why")
    parser.add_argument("--report", action="store_true", help="keep what has run, write tables and picture")
    options = parser.parse_args()
    if not options.report:
        _run(options.work)
        return
    if options.work.exists():
        found = rounded(read(options.work))
        why_report.KEPT.write_text(json.dumps(found, separators=(",", ":")) + "\n", "utf-8")
    print("\n".join(why_report.write_page()))


def shared_knobs(name: str) -> dict[str, Any]:
    """Return the knobs with which InfoNCE won its search in a regime."""
    return next(
        dict(run["knobs"])
        for run in winners(4)
        if (run["regime"], run["towers"], run["method"]) == (name, MAIN, "infonce")
    )


def _run(work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    corpus = Corpus.bundled()
    features = features_of(corpus, MAIN, work / "features", is_clean=True)
    for seed in SEEDS:
        for name in REGIMES:
            for loss in LOSSES:
                target = work / f"{name}-{loss}-{seed}.json"
                if not target.exists():
                    began = time.monotonic()
                    target.write_text(json.dumps(_trained(corpus, features, name, loss, seed)) + "\n")
                    print(f"{target.name}: {time.monotonic() - began:.0f} s", flush=True)


def _trained(corpus: Corpus, features: Features, name: str, loss: str, seed: int) -> dict[str, Any]:
    data, looks = regime(corpus, name), dict[str, Any]()
    parts = {part: data.tests[part] for part in REGIMES[name]}
    played = _monitor(loss) if (name, seed) == PLAYED else None

    def look(step: int, trained: Trained) -> None:
        if step in STEPS:
            looks[str(step)] = measured(corpus, features, trained, parts)
        if played is not None and step % EVERY == 0:
            image, text = _pairs(*part_vectors(corpus, features, trained, parts["id"]))
            played.look(step, image=image, text=text, logit_scale=trained.model.logit_scale.exp().item())

    method, own = LOSSES[loss]
    knobs = shared_knobs(name) | own
    rows = data.fitting(seed).train
    last = train(corpus, features, rows, method=method, knobs=knobs, seed=seed, methods=_BUILDS, look=look)
    look(STEPS[-1], last)
    if played is not None:
        played.close()
    return looks


def _monitor(loss: str) -> sde.SpectralMonitor:
    shutil.rmtree(WATCHED / loss, ignore_errors=True)
    return sde.SpectralMonitor(WATCHED / loss, every=EVERY, in_background=False)


def _pairs(image: Tensor, text: Tensor, links: Ints) -> tuple[Tensor, Tensor]:
    """Return each picture beside its first caption."""
    pictures, first = np.unique(links[:, 1], return_index=True)
    return image[torch.from_numpy(pictures)], text[torch.from_numpy(links[first, 0])]


def measured(
    corpus: Corpus, features: Features, trained: Trained, parts: Mapping[str, Part]
) -> dict[str, Any]:
    """Return what the protocol looks at: scores of all parts, measures of the first."""
    scores, recalls = dict[str, float](), dict[str, float]()
    for name, part in parts.items():
        hits = retrieval_hits(*part_vectors(corpus, features, trained, part))
        scores[name], recalls[name] = hits.score, float(np.mean(hits.recall(1)))
    whole = part_vectors(corpus, features, trained, next(iter(parts.values())))
    return {"score": scores, "recall_1": recalls, "measures": measures(*whole)}


def measures(image: Tensor, text: Tensor, links: Ints) -> dict[str, float]:
    """Return the measures of unit vectors and their links, as WHY.md names them."""
    told = spectrum_of(image, text, links)
    x, y = _pairs(image, text, links)
    spectra = [sde.compute_spectrum(rows, center="mean") for rows in (x, y)]
    parts = sde.gap_parts(x, y)
    return {
        "rank image": told["image"]["effective_rank"],
        "rank text": told["text"]["effective_rank"],
        "strong energy": told["image"]["energy"]["strong"],
        "noise directions": told["image"]["directions"]["noise"],
        "centroids": parts.centroid,
        "rotation": parts.rotation,
        "pair cosine": float(torch.nn.functional.cosine_similarity(x, y).mean()),
        "whitened cosine": 1 - float(whitened_agreement(x, y, by="both", shrinkage=0.1)) / 2,
        **{f"{band} agreement": told["agreement"].get(band, math.nan) for band in BANDS},
        "Hellinger": sde.hellinger_distance(spectra[0].singular_values, spectra[1].singular_values),
        "top-16 overlap": sde.subspace_overlap(*(s.basis[:, :16] for s in spectra)),
    }


def read(work: Path) -> why_report.Found:
    """Return what has run: regime -> loss -> steps done -> looks, seeds in order; no loss that lacks a seed."""
    found: why_report.Found = {}
    for name in REGIMES:
        found[name] = {}
        for loss in LOSSES:
            files = [work / f"{name}-{loss}-{seed}.json" for seed in SEEDS]
            if all(file.exists() for file in files):
                runs = [json.loads(file.read_text()) for file in files]
                found[name][loss] = {str(step): [run[str(step)] for run in runs] for step in STEPS}
    return found


if __name__ == "__main__":
    main()

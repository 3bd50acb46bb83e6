"""The direction of the main finding in a few minutes: tuned settings, three seeds, clean pictures only."""

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.evaluation import Hits, part_hits
from benchmarks.evidence.features import features_of
from benchmarks.evidence.plan import MAIN
from benchmarks.evidence.regimes import Part, regime
from benchmarks.evidence.results import winners
from benchmarks.evidence.statistics import difference
from benchmarks.evidence.training import train
from sde_core.retrieval.links import Ints

SEEDS = (0, 1, 2)
METHODS = ("infonce", "sde", "contrast", "whitened-both")
PARTS = ("id", "style", "other")


def quick(work: Path) -> Iterator[str]:
    """Yield the rows of a table: score on each part, and its difference to InfoNCE with a 95 % interval."""
    began, corpus = time.monotonic(), Corpus.bundled()
    features = features_of(corpus, MAIN, work / "features", is_clean=True)
    data = regime(corpus, "styles")
    knobs = {
        run["method"]: run["knobs"]
        for run in [*winners(4), *winners()]
        if (run["regime"], run["towers"]) == ("styles", MAIN)
    }
    yield f"| score, % (difference to InfoNCE, points, 95 % interval) | {' | '.join(PARTS)} |"
    yield "|---|" + "---|" * len(PARTS)
    plain: dict[str, list[Hits]] = {}
    for method in METHODS:
        hits: dict[str, list[Hits]] = {name: [] for name in PARTS}
        for seed in SEEDS:
            rows = data.fitting(seed).train
            trained = train(corpus, features, rows, method=method, knobs=knobs[method], seed=seed)
            for name in PARTS:
                hits[name].append(part_hits(corpus, features, trained, data.tests[name]))
        plain = plain or hits
        yield f"| {method} | {' | '.join(_words(corpus, hits, plain, name, data.tests[name]) for name in PARTS)} |"
    yield f"\n{len(METHODS) * len(SEEDS)} trainings in {time.monotonic() - began:.0f} s, features included."


def clusters_of(corpus: Corpus, part: Part) -> tuple[Ints, Ints]:
    """Return the cluster of each picture query and of each caption query of a part."""
    texts, _ = corpus.positions(part.rows)
    captions = corpus.text_cluster(texts)
    return corpus.cluster[part.rows], captions[:0] if part.classes else captions


def _words(
    corpus: Corpus, hits: dict[str, list[Hits]], plain: dict[str, list[Hits]], name: str, part: Part
) -> str:
    mean = 100 * sum(h.score for h in hits[name]) / len(SEEDS)
    if hits is plain:
        return f"{mean:.2f}"
    found = difference(hits[name], plain[name], clusters_of(corpus, part))
    return f"{mean:.2f} ({found.estimate:+.2f}, {found.low:+.2f} to {found.high:+.2f})"

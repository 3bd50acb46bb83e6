"""The fourth part of the study: the last block of the picture trunk is trained too."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

from torch import Tensor, nn

from benchmarks.evidence.evaluation import part_hits
from benchmarks.evidence.features import Features, entering_last_block
from benchmarks.evidence.plan import FOURTH_PART_SEEDS, LAST_BLOCK, MAIN, Study
from benchmarks.evidence.regimes import Fitting, Part, regime
from benchmarks.evidence.results import winners
from benchmarks.evidence.store import Cell
from benchmarks.evidence.training import Tail, Trained, train
from benchmarks.evidence.tuning import FIRST_SEED

PARTS = ("id", "style", "other")
RATES = (0.01, 0.03, 0.1)
"""Rate of the block, as a share of that of the heads."""
MOVES: dict[str, tuple[dict[str, Any], ...]] = {
    "infonce": ({"dropout": 0.0}, {"rate": 2e-3}),
    "sde": ({"lambda": 0.3}, {"lambda": 3.0}),
    "contrast": ({"weight": 0.1}, {"weight": 1.0}),
    "whitened-both": ({"weight": 1.0}, {"weight": 10.0}),
}
"""Method -> what is tried at the best of the rates."""
_SEARCH = {"infonce": 3, "sde": 3, "contrast": 3, "whitened-both": 4}


class LastBlockStudy:
    """Trainings of heads and the last block of EfficientNet-lite0 in `styles`.

    Args:
        study: whose corpus, features, store and deadline are used.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self._data = regime(study.corpus, "styles")

    @cached_property
    def _block(self) -> tuple[Tensor, nn.Module]:
        """What enters the last block, and the block: computed when the first training asks."""
        return entering_last_block(self._study.corpus, "lite0", self._study.work / "features")

    def run(self) -> Iterator[str]:
        """Run everything and yield a line a method."""
        for method in MOVES:
            knobs = self._tuned(method)
            scores = [self._final(method, knobs, seed)["val"] for seed in FOURTH_PART_SEEDS]
            yield f"{LAST_BLOCK} {method}: val {100 * sum(scores) / len(scores):.2f} {knobs}"

    def _tuned(self, method: str) -> Cell:
        (start,) = (
            run["knobs"]
            for run in winners(_SEARCH[method])
            if (run["regime"], run["towers"], run["method"]) == ("styles", MAIN, method)
        )
        tried = [(self._validated(method, knobs), knobs) for knobs in ({**start, "tail": r} for r in RATES)]
        best = max(tried, key=lambda t: t[0])[1]
        tried += [(self._validated(method, knobs), knobs) for knobs in ({**best, **m} for m in MOVES[method])]
        return max(tried, key=lambda t: t[0])[1]

    def _validated(self, method: str, knobs: Cell) -> float:
        fitting = self._data.fitting(FIRST_SEED)

        def made() -> Cell:
            return {"val": self._val(*self._train(fitting, method, knobs, FIRST_SEED), fitting)}

        return float(self._study.result_of(_cell("tune", method, knobs, FIRST_SEED), made)["val"])

    def _final(self, method: str, knobs: Cell, seed: int) -> Cell:
        fitting = self._data.fitting(seed)

        def made() -> Cell:
            trained, features = self._train(fitting, method, knobs, seed)
            parts = {
                name: part_hits(self._study.corpus, features, trained, self._data.tests[name]).packed()
                for name in PARTS
            }
            return {"val": self._val(trained, features, fitting), "parts": parts}

        return self._study.result_of(_cell("final", method, knobs, seed), made)

    def _train(self, fitting: Fitting, method: str, knobs: Cell, seed: int) -> tuple[Trained, Features]:
        """Return the heads, and the features that the trained block gives."""
        features = self._study.features(MAIN)
        entering, back = self._block
        tail = Tail(copy.deepcopy(back), entering)
        trained = train(
            self._study.corpus, features, fitting.train, method=method, knobs=knobs, seed=seed, tail=tail
        )
        rows = [fitting.val, *(self._data.tests[name].rows for name in PARTS)]
        moved = features.image.copy()
        for some in rows:
            moved[some] = tail.features(some)
        return trained, replace(features, image=moved)

    def _val(self, trained: Trained, features: Features, fitting: Fitting) -> float:
        return part_hits(self._study.corpus, features, trained, Part(rows=fitting.val)).score


def _cell(stage: str, method: str, knobs: Cell, seed: int) -> Cell:
    return {
        "stage": stage, "regime": LAST_BLOCK, "towers": MAIN, "method": method, "knobs": knobs, "seed": seed,
    }  # fmt: skip

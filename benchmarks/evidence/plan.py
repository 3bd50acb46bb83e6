"""What runs in which order, resumable cell by cell and bounded in time."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.evaluation import (
    part_hits,
    part_vectors,
    retrieval_hits,
    spectrum_of,
)
from benchmarks.evidence.features import Features, bundled_projections, features_of
from benchmarks.evidence.kept import store_of
from benchmarks.evidence.regimes import Fitting, Part, Regime, regime
from benchmarks.evidence.sensitivity import SEEDS as SENSITIVITY_SEEDS
from benchmarks.evidence.sensitivity import settings
from benchmarks.evidence.store import Cell
from benchmarks.evidence.training import Projections, Trained, train
from benchmarks.evidence.tuning import FIRST_SEED, OWN, SHORT, Budget, Score, searched
from sde_core.treatments.table import comparison_names, fit_all

MAIN = "lite0-minilm"
SECOND = "lite2-mini"
SEEDS = (0, 1, 2, 3, 4)
SECOND_PART_SEEDS = (5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
"""Of the second part: no training of the first had them."""
THIRD_PART_SEEDS = (15, 16, 17, 18, 19, 20, 21, 22, 23, 24)
"""Of the third."""
LAST_BLOCK = "styles-last-block"
"""The regime of the fourth part: data of `styles`, the end of the picture trunk trained too."""
FOURTH_PART_SEEDS = (25, 26, 27, 28, 29)
CANDIDATES = ("whitened-both", "components-barlow")
"""Of the third part, everywhere."""
POST_HOC_PARTS = ("id", "style", "other")
_PARTS = (
    "contrast-lead", "contrast-noise", "contrast-signal", "wmse", "barlow", "view-noise", "hellinger", "subspace",
    "cca", "view-weak-noise", "contrast-fading", "siglip", "sde-centred", "barlow-eigen", "sde+contrast",
    "contrast+noise-view", "vicreg", "fanoise", "view-adversarial", "view-amplify", "sde-lambda-constant",
    "sde-alpha-constant",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Methods that run in one regime with one pair of towers.

    Attributes:
        regime: of `REGIMES`.
        towers: of `TOWERS`.
        methods: in order.
        budget: of each method's search from the common start on.
        search: number of the search that the protocol names.
        seeds: of the final runs.
    """

    regime: str
    towers: str
    methods: tuple[str, ...]
    budget: Budget = OWN
    search: int = 3
    seeds: tuple[int, ...] = SEEDS


def _blocks() -> Iterator[Block]:
    def block(regime: str, towers: str, *methods: str, budget: Budget = OWN) -> Block:
        return Block(regime=regime, towers=towers, methods=methods, budget=budget)

    # What the primary comparisons need, then where the contrast acts and its rivals, then the parts, then sizes.
    yield block("styles", MAIN, "infonce", "contrast", "contrast-raw", "sde")
    yield block("pairs-1500", MAIN, "infonce", "contrast", budget=SHORT)
    yield block("styles", SECOND, "infonce", "contrast", budget=SHORT)
    yield block("finetune", "bundled", "infonce", "contrast", budget=SHORT)
    yield block("styles", MAIN, *_PARTS, budget=SHORT)
    yield block("pairs-500", MAIN, "infonce", "contrast", budget=SHORT)
    yield block("pairs-5000", MAIN, "infonce", "contrast", budget=SHORT)
    for data, towers in (("pairs-1500", MAIN), ("styles", SECOND), ("finetune", "bundled")):
        yield block(data, towers, "sde", "contrast-raw", "barlow", "wmse", budget=SHORT)


BLOCKS = tuple(_blocks())
"""In the order in which they run."""
VARIANTS = ("whitened", "whitened-both", "whitened-fading", "whitened+contrast")
"""What the second part chooses from, on validation."""


def part_block(regime: str, towers: str, *methods: str, seeds: tuple[int, ...] = SECOND_PART_SEEDS) -> Block:
    """Return a block of the second or third part: new seeds, the whole search everywhere."""
    return Block(regime=regime, towers=towers, methods=methods, search=4, seeds=seeds)


REGIMES_OF_PARTS = (
    ("pairs-1500", MAIN), ("styles", SECOND), ("finetune", "bundled"), ("pairs-500", MAIN), ("pairs-5000", MAIN),
)  # fmt: skip
"""Where the second part compares its choice with InfoNCE, after `styles` on the main towers."""


class TimeIsUpError(Exception):
    """The budget is spent; what has run is kept."""


class Study:
    """Runs cells that have not run yet.

    Args:
        work: folder of features and cells.
        deadline: of `time.monotonic`, after which no cell starts.
    """

    def __init__(self, work: Path, *, deadline: float) -> None:
        self.work, self.deadline = work, deadline
        self.store = store_of(work)
        self._features: tuple[str, Features] | None = None

    @cached_property
    def corpus(self) -> Corpus:
        """Pictures and captions."""
        return Corpus.bundled()

    @cached_property
    def projections(self) -> Projections:
        """What "finetune" starts from."""
        return bundled_projections()

    def features(self, towers: str) -> Features:
        """Return the features of a pair of towers; one pair is held at a time."""
        if self._features is None or self._features[0] != towers:
            self._features = towers, features_of(self.corpus, towers, self.work / "features")
        return self._features[1]

    def run(self) -> Iterator[str]:
        """Run everything in order and yield a line a method.

        Raises:
            TimeIsUpError: the budget is spent.
        """
        for block in BLOCKS:
            yield from self._block(block)
            if block.regime == "finetune":
                self.without_dropout()
        yield from self._sensitivity()
        yield from self._second_part()
        for data, towers in (("styles", MAIN), *REGIMES_OF_PARTS):
            block = part_block(data, towers, "infonce", *CANDIDATES, seeds=THIRD_PART_SEEDS)
            yield from self._block(block)

    def _second_part(self) -> Iterator[str]:
        block = part_block("styles", MAIN, "infonce", *VARIANTS)
        yield from self._block(block)
        chosen = max(VARIANTS, key=lambda method: self._validation(block, method))
        yield f"chosen on validation: {chosen}"
        for data, towers in REGIMES_OF_PARTS:
            yield from self._block(part_block(data, towers, "infonce", chosen))

    def _block(self, block: Block) -> Iterator[str]:
        for method in block.methods:
            yield f"{block.regime} {block.towers} {method}: val {100 * self._validation(block, method):.2f}"

    def _validation(self, block: Block, method: str) -> float:
        """Return the mean validation score of a method's final runs."""
        knobs = self.tune(block, method)
        scores = [self.final(block, method, knobs, seed)["val"] for seed in block.seeds]
        return sum(scores) / len(scores)

    def tune(self, block: Block, method: str) -> dict[str, Any]:
        """Return the configuration of a method: the one that is kept, or the winner of a search."""
        cell = {**_cell("tuned", block, method), "search": block.search}
        kept = self.store.find(cell)
        if kept is not None:
            return dict(kept["knobs"])

        def score_of(name: str) -> Score:
            return lambda knobs, seed: self.validated(block, name, knobs, seed, "tune")

        found = searched(method, block.regime, score_of, block.budget)
        self.store.keep(cell, {"knobs": found})
        return found

    def validated(self, block: Block, method: str, knobs: Cell, seed: int, stage: str) -> float:
        """Return the validation score of a training; test parts are not within reach."""
        cell = {**_cell(stage, block, method), "knobs": knobs, "seed": seed}

        return float(self.result_of(cell, lambda: self.trained_again(cell))["val"])

    def final(self, block: Block, method: str, knobs: Cell, seed: int, *, name: str = "") -> Cell:
        """Return the result of a final run: hits on every test part, spectra, and post-hoc baselines of InfoNCE."""
        cell = {**_cell("final", block, name or method), "knobs": knobs, "seed": seed}
        wants_post_hoc = (
            method == "infonce" and block.regime == "styles" and block.seeds == SEEDS and not name
        )

        return self.result_of(cell, lambda: self.trained_again(cell, wants_post_hoc=wants_post_hoc))

    def trained_again(self, cell: Cell, *, wants_post_hoc: bool = False) -> Cell:
        """Return what a training of the first three parts gives, whether a result of it is kept or not.

        Args:
            cell: of the stage "tune", "sensitivity" or "final".
            wants_post_hoc: whether post-hoc baselines are fitted to what was trained.
        """
        data, method = regime(self.corpus, cell["regime"]), _method_of(cell["method"])
        fitting, features = data.fitting(cell["seed"]), self.features(cell["towers"])
        block = Block(regime=cell["regime"], towers=cell["towers"], methods=(method,))
        trained = self._train(block, fitting, method, cell["knobs"], cell["seed"])
        result: Cell = {"val": self._val(block, trained, fitting)}
        if cell["stage"] != "final":
            return result
        result["parts"] = {
            name: part_hits(self.corpus, features, trained, part).packed()
            for name, part in data.tests.items()
        }
        result["spectrum"] = spectrum_of(*part_vectors(self.corpus, features, trained, data.tests["id"]))
        if wants_post_hoc:
            result["post_hoc"] = self._post_hoc(features, trained, fitting, data)
        return result

    def result_of(self, cell: Cell, make: Callable[[], Cell]) -> Cell:
        """Return the result of a cell: the one that is kept, or what ``make`` returns, with its seconds.

        Raises:
            TimeIsUpError: it has not run and the budget is spent.
        """
        kept = self.store.find(cell)
        if kept is None:
            if time.monotonic() > self.deadline:
                raise TimeIsUpError
            began = time.monotonic()
            kept = make()
            kept["seconds"] = round(time.monotonic() - began, 2)
            kept = self.store.keep(cell, kept)
        return kept

    def without_dropout(self) -> None:
        """Run InfoNCE and the lead in `styles` as the first look did, without dropout of the features.

        Both take the configuration of InfoNCE that validated best among those that its search tried without.
        """
        block = BLOCKS[0]
        wanted = _cell("tune", block, "infonce")
        tried = [
            (result["val"], cell["knobs"])
            for cell, result in self.store.all()
            if wanted.items() <= cell.items() and cell["seed"] == FIRST_SEED and not cell["knobs"]["dropout"]
        ]
        knobs = max(tried, key=lambda t: t[0])[1]
        for method, own in (("infonce", {}), ("contrast", {"weight": 1.0, "tau_c": 0.1})):
            for seed in SEEDS:
                self.final(block, method, {**knobs, **own}, seed, name=f"{method}-no-dropout")

    def _post_hoc(self, features: Features, trained: Trained, fitting: Fitting, data: Regime) -> Cell:
        image, text, _ = part_vectors(self.corpus, features, trained, Part(rows=fitting.train))
        names = [name for name in comparison_names() if name != "raw"]
        treatments = fit_all(image, text, names=names)[1:]
        found: Cell = {}
        for treatment in treatments:
            found[treatment.name] = {
                name: retrieval_hits(
                    *part_vectors(self.corpus, features, trained, data.tests[name]), treatment
                ).packed()
                for name in POST_HOC_PARTS
            }
        return found

    def _sensitivity(self) -> Iterator[str]:
        block = BLOCKS[0]
        for method in ("contrast", "sde", "infonce"):
            knobs = self.tune(block, method)
            for one in settings(method, knobs):
                for seed in SENSITIVITY_SEEDS:
                    self.validated(block, one.method, one.knobs, seed, "sensitivity")
            yield f"sensitivity {method}"

    def _train(self, block: Block, fitting: Fitting, method: str, knobs: Cell, seed: int) -> Trained:
        start = self.projections if block.regime == "finetune" else None
        return train(
            self.corpus, self.features(block.towers), fitting.train,
            method=method, knobs=knobs, seed=seed, start=start,
        )  # fmt: skip

    @torch.no_grad()
    def _val(self, block: Block, trained: Trained, fitting: Fitting) -> float:
        part = Part(rows=fitting.val)
        return part_hits(self.corpus, self.features(block.towers), trained, part).score


def _method_of(name: str) -> str:
    """Return the method of a name under which it ran a second time, with knobs that a search did not choose."""
    return name.removesuffix("-no-dropout")


def _cell(stage: str, block: Block, method: str) -> Cell:
    return {"stage": stage, "regime": block.regime, "towers": block.towers, "method": method}

"""The fifth part: spectral contrast against a tuned InfoNCE and its rivals, without edges, tested on sealed sets."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.evaluation import part_hits, part_vectors, spectrum_of
from benchmarks.evidence.features import Features, bundled_projections, digest_of, features_of, plain_features
from benchmarks.evidence.fifth_methods import FIFTH
from benchmarks.evidence.fifth_settings import (
    SEEDS,
    SETTINGS,
    TRAININGS,
    Setting,
    is_allowed,
    ladders_of,
    with_wrong_captions,
)
from benchmarks.evidence.ladders import Found, climbed
from benchmarks.evidence.plan import TimeIsUpError
from benchmarks.evidence.quick import clusters_of
from benchmarks.evidence.regimes import Part, regime
from benchmarks.evidence.sealed import SEALED, sealed_corpora, split_of
from benchmarks.evidence.store import Cell, Store
from benchmarks.evidence.training import Trained, train
from sde_core.retrieval.links import Ints


@dataclass(frozen=True, eq=False, kw_only=True)
class Data:
    """What a setting trains on, tunes with and is tested on at the end.

    Attributes:
        corpus: of training, validation and the setting's own test part.
        features: of its rows.
        pool: picture rows that training draws from.
        val: picture rows that the search scores.
        test: picture rows of the setting's own test part.
        size: pictures drawn for a seed; 0 takes the pool.
    """

    corpus: Corpus
    features: Features
    pool: Ints
    val: Ints
    test: Ints
    size: int = 0

    def rows(self, seed: int) -> Ints:
        """Return the picture rows that a seed trains on."""
        if not self.size:
            return self.pool
        return np.sort(np.random.default_rng([seed, self.size]).permutation(self.pool)[: self.size])


class FifthPart:
    """Runs the cells of the fifth part that have not run yet.

    Args:
        work: folder of features, packages and cells.
        deadline: of `time.monotonic`, after which no cell starts.
    """

    def __init__(self, work: Path, *, deadline: float) -> None:
        self.work, self.deadline = work, deadline
        self.store = Store(work / "cells")
        self._kept: dict[str, Features] = {}
        self._data: tuple[str, Data] | None = None

    @cached_property
    def corpus(self) -> Corpus:
        """The bundled pictures."""
        return Corpus.bundled()

    @cached_property
    def sealed(self) -> dict[str, Corpus]:
        """The sealed sets."""
        return sealed_corpora(self.work, self.corpus)

    def run(self, names: Sequence[str] = ()) -> Iterator[str]:
        """Search and run every method of every setting, and yield a line for each.

        Args:
            names: of settings; none means all.

        Raises:
            TimeIsUpError: the budget is spent.
        """
        for setting in (s for s in SETTINGS if not names or s.name in names):
            found = {method: self.search(setting, method) for method in setting.methods}
            for method, ended in found.items():
                scores = [self.final(setting, method, ended["knobs"], seed)["val"] for seed in SEEDS]
                yield (
                    f"{setting.name} {method}: val {100 * float(np.mean(scores)):.2f}, {ended['trainings']} trainings, "
                    f"at a limit: {', '.join(ended['limits']) or '-'}, not closed: {', '.join(ended['open']) or '-'}"
                )

    def search(self, setting: Setting, method: str) -> Cell:
        """Return what a method's search ended with: knobs, trainings, limits, and what was left open."""
        cell = {"stage": "fifth-tuned", "setting": setting.name, "method": method}
        kept = self.store.find(cell)
        if kept is not None:
            return kept
        data = self.data(setting)
        ladders = ladders_of(setting, method, data.size or len(data.pool))
        starts = [] if method == "infonce" else [self.search(setting, "infonce")["knobs"]]
        found: Found = climbed(
            ladders,
            lambda knobs, seed: float(self._result("fifth-tune", setting, method, knobs, seed)["val"]),
            trainings=TRAININGS,
            starts=starts,
            is_allowed=is_allowed,
            name=f"{setting.name}/{method}",
        )
        self.store.keep(
            cell,
            {
                "knobs": found.knobs,
                "trainings": found.trainings,
                "open": [*found.open],
                "limits": [*found.limits],
            },
        )
        return {**(self.store.find(cell) or {})}

    def final(self, setting: Setting, method: str, knobs: Cell, seed: int) -> Cell:
        """Return the result of a final run: hits on its own test part and every sealed set, and spectra."""
        return self._result("fifth-final", setting, method, knobs, seed)

    def trained_again(self, stage: str, setting: Setting, method: str, knobs: Cell, seed: int) -> Cell:
        """Return what a training gives, whether a result of it is kept or not."""
        data, trained = self._trained(setting, method, knobs, seed)
        result: Cell = {"val": part_hits(data.corpus, data.features, trained, Part(rows=data.val)).score}
        if stage != "fifth-final":  # no test part and no sealed set is within reach of a search
            return result
        own = Part(rows=data.test)
        parts = {"own": part_hits(data.corpus, data.features, trained, own).packed()}
        for name in self._sealed_of(setting):
            corpus = self.sealed[name]
            rows = Part(rows=np.arange(len(corpus.pictures)))
            parts[name] = part_hits(
                corpus, self._features(name, corpus, setting.towers), trained, rows
            ).packed()
        spectrum = spectrum_of(*part_vectors(data.corpus, data.features, trained, own))
        sealed = {name: digest_of(self.sealed[name]) for name in self._sealed_of(setting)}
        return result | {"parts": parts, "spectrum": spectrum, "sealed": sealed}

    def data(self, setting: Setting) -> Data:
        """Return the data of a setting; one is held at a time."""
        if self._data is None or self._data[0] != setting.name:
            read = self._photographs if setting.regime == "photographs" else self._bundled
            self._data = setting.name, read(setting)
        return self._data[1]

    def clusters(self, setting: Setting) -> dict[str, tuple[Ints, Ints]]:
        """Return the cluster of each query of a setting's own test part and of its sealed sets, pictures first."""
        if setting.regime == "photographs":
            corpus, rows = self.sealed["stamps"], self._stamps()["test"]
        else:
            found = regime(self.corpus, "pairs-5000" if setting.regime == "pairs-all" else setting.regime)
            corpus, rows = self.corpus, found.tests["id"].rows
        made = {"own": clusters_of(corpus, Part(rows=rows))}
        for name in self._sealed_of(setting):
            made[name] = clusters_of(self.sealed[name], Part(rows=np.arange(len(self.sealed[name].pictures))))
        return made

    def _bundled(self, setting: Setting) -> Data:
        features = features_of(self.corpus, setting.towers, self.work / "features", is_clean=True)
        whole = setting.regime == "pairs-all"
        found = regime(self.corpus, "pairs-5000" if whole else setting.regime)
        return Data(
            corpus=self.corpus, features=features, pool=found.pool, val=found.val,
            test=found.tests["id"].rows, size=0 if whole else found.size,
        )  # fmt: skip

    def _photographs(self, setting: Setting) -> Data:
        corpus, rows = self.sealed["stamps"], self._stamps()
        features = self._features("stamps", corpus, setting.towers)
        return Data(corpus=corpus, features=features, pool=rows["train"], val=rows["val"], test=rows["test"])

    def _stamps(self) -> dict[str, Ints]:
        part = np.array([split_of(picture.captions[0]) for picture in self.sealed["stamps"].pictures])
        return {name: np.flatnonzero(part == name) for name in ("train", "val", "test")}

    def _sealed_of(self, setting: Setting) -> tuple[str, ...]:
        # What the photographs train on is sealed for all others.
        return tuple(n for n in SEALED if n != "stamps" or setting.regime != "photographs")

    def _features(self, name: str, corpus: Corpus, towers: str) -> Features:
        key = f"{name}/{towers}"
        if key not in self._kept:
            self._kept[key] = plain_features(corpus, towers, self.work / "features")
        return self._kept[key]

    def _trained(self, setting: Setting, method: str, knobs: Cell, seed: int) -> tuple[Data, Trained]:
        data = self.data(setting)
        rows, corpus = data.rows(seed), data.corpus
        if setting.wrong:
            corpus = with_wrong_captions(corpus, rows, setting.wrong, seed)
        start = bundled_projections() if setting.regime == "finetune" else None
        trained = train(
            corpus, data.features, rows, method=method, knobs=knobs, seed=seed, start=start, methods=FIFTH
        )
        return data, trained

    def _result(self, stage: str, setting: Setting, method: str, knobs: Cell, seed: int) -> Cell:
        """Return the result of a cell, trained if none is kept."""
        cell: dict[str, Any] = {
            "stage": stage, "setting": setting.name, "method": method, "knobs": knobs, "seed": seed
        }  # fmt: skip
        kept = self.store.find(cell)
        if kept is None:
            if time.monotonic() > self.deadline:
                raise TimeIsUpError
            began = time.monotonic()
            kept = self.trained_again(stage, setting, method, knobs, seed)
            kept["seconds"] = round(time.monotonic() - began, 2)
            self.store.keep(cell, kept)
        return kept

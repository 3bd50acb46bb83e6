"""The fifth part: spectral contrast against a tuned InfoNCE and its rivals, without edges, tested on sealed sets."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

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
from benchmarks.evidence.kept import store_of
from benchmarks.evidence.ladders import Found, climbed
from benchmarks.evidence.plan import TimeIsUpError
from benchmarks.evidence.quick import clusters_of
from benchmarks.evidence.regimes import Part, regime
from benchmarks.evidence.sealed import SEALED, sealed_corpus, split_of
from benchmarks.evidence.store import Cell, key_of
from benchmarks.evidence.training import Trained, train
from sde_core.files.claims import alone_if_free
from sde_core.retrieval.links import Ints

_POLL_S = 2.0


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


@dataclass(frozen=True, slots=True)
class Job:
    """What a process does at a time: a search, or a final run.

    Attributes:
        setting: where.
        method: of the setting.
        seed: of a final run; None is the search.
    """

    setting: Setting
    method: str
    seed: int | None = None


class FifthPart:
    """Runs the cells of the fifth part that have not run yet.

    Args:
        work: folder of features, packages and cells.
        deadline: of `time.monotonic`, after which no cell starts.
    """

    def __init__(self, work: Path, *, deadline: float) -> None:
        self.work, self.deadline = work, deadline
        self.store = store_of(work)
        self._kept: dict[str, Features] = {}
        self._sealed: dict[str, Corpus] = {}
        self._data: tuple[str, Data] | None = None

    @cached_property
    def corpus(self) -> Corpus:
        """The bundled pictures."""
        return Corpus.bundled()

    def sealed(self, name: str) -> Corpus:
        """Return a sealed set, drawn when it is first asked for: a search asks for none but what it trains on."""
        if name not in self._sealed:
            self._sealed[name] = sealed_corpus(name, self.work, self.corpus)
        return self._sealed[name]

    def run(self, names: Sequence[str] = ()) -> Iterator[str]:
        """Search and run every method of some settings, and yield a line for each job that ends.

        Several processes with one work folder share the jobs: one that another is at is passed over, and one that
        a killed process was at is free again. A job is a search, or a final run.

        Args:
            names: of settings, in the order in which they run; none means all, in the protocol's order.

        Raises:
            TimeIsUpError: the budget is spent.
        """
        by_name = {setting.name: setting for setting in SETTINGS}
        settings = [by_name[name] for name in names] if names else [*SETTINGS]
        while left := [job for setting in settings for job in self.left(setting)]:
            line = next((line for line in map(self._done, left) if line), "")
            if line:
                yield line
            else:  # others are at all that could be done now
                self._in_time()
                time.sleep(_POLL_S)

    def left(self, setting: Setting) -> Iterator[Job]:
        """Yield what has not run yet and waits for nothing: InfoNCE is searched first, finals follow their search."""
        won: dict[str, Cell | None] = {m: self.store.find(_tuned(setting, m)) for m in setting.methods}
        if won["infonce"] is None:
            yield Job(setting, "infonce")
            return
        yield from (Job(setting, method) for method, found in won.items() if found is None)
        for method, found in won.items():
            if found is not None:
                cells = (
                    (seed, _training("fifth-final", setting, method, found["knobs"], seed)) for seed in SEEDS
                )
                yield from (
                    Job(setting, method, seed) for seed, cell in cells if self.store.find(cell) is None
                )

    def _done(self, job: Job) -> str:
        """Do a job and return a line of it; nothing if another process is at it or has done it."""
        claim = (
            self.work
            / "claims"
            / key_of({"setting": job.setting.name, "method": job.method, "seed": job.seed})
        )
        claim.parent.mkdir(parents=True, exist_ok=True)
        with alone_if_free(claim) as is_mine:
            if not is_mine or job not in self.left(job.setting):
                return ""
            found = self.search(job.setting, job.method)
            if job.seed is None:
                return (
                    f"{job.setting.name} {job.method}: {found['trainings']} trainings, at a limit: "
                    f"{', '.join(found['limits']) or '-'}, not closed: {', '.join(found['open']) or '-'}"
                )
            score = self.final(job.setting, job.method, found["knobs"], job.seed)["val"]
            return f"{job.setting.name} {job.method} seed {job.seed}: val {100 * score:.2f}"

    def search(self, setting: Setting, method: str) -> Cell:
        """Return what a method's search ended with: knobs, trainings, limits, and what was left open."""
        cell = _tuned(setting, method)
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
        return self.store.keep(
            cell,
            {
                "knobs": found.knobs,
                "trainings": found.trainings,
                "open": [*found.open],
                "limits": [*found.limits],
            },
        )

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
            corpus = self.sealed(name)
            rows = Part(rows=np.arange(len(corpus.pictures)))
            parts[name] = part_hits(
                corpus, self._features(name, corpus, setting.towers), trained, rows
            ).packed()
        spectrum = spectrum_of(*part_vectors(data.corpus, data.features, trained, own))
        sealed = {name: digest_of(self.sealed(name)) for name in self._sealed_of(setting)}
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
            corpus, rows = self.sealed("stamps"), self._stamps()["test"]
        else:
            found = regime(self.corpus, "pairs-5000" if setting.regime == "pairs-all" else setting.regime)
            corpus, rows = self.corpus, found.tests["id"].rows
        made = {"own": clusters_of(corpus, Part(rows=rows))}
        for name in self._sealed_of(setting):
            made[name] = clusters_of(self.sealed(name), Part(rows=np.arange(len(self.sealed(name).pictures))))
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
        corpus, rows = self.sealed("stamps"), self._stamps()
        features = self._features("stamps", corpus, setting.towers)
        return Data(corpus=corpus, features=features, pool=rows["train"], val=rows["val"], test=rows["test"])

    def _stamps(self) -> dict[str, Ints]:
        part = np.array([split_of(picture.captions[0]) for picture in self.sealed("stamps").pictures])
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
        cell = _training(stage, setting, method, knobs, seed)
        kept = self.store.find(cell)
        if kept is None:
            self._in_time()
            began = time.process_time()  # of one thread: what it costs whatever else the machine does
            made = self.trained_again(stage, setting, method, knobs, seed)
            kept = self.store.keep(cell, made | {"seconds": round(time.process_time() - began, 2)})
        return kept

    def _in_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise TimeIsUpError


def _tuned(setting: Setting, method: str) -> Cell:
    return {"stage": "fifth-tuned", "setting": setting.name, "method": method}


def _training(stage: str, setting: Setting, method: str, knobs: Cell, seed: int) -> Cell:
    return {"stage": stage, "setting": setting.name, "method": method, "knobs": knobs, "seed": seed}

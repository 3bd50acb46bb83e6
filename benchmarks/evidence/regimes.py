"""What is trained on, what tuning may look at, and what is tested once at the end."""

from dataclasses import dataclass, field

import numpy as np

from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.corruption import CAPTIONS, PICTURES
from benchmarks.evidence.features import corrupted_rows
from sde_core.retrieval.links import Ints

TUNER_SPLITS = ("train", "val")
"""All that tuning may touch, by the name in the metadata; a test holds it."""

SEEN_STYLES = ("noto", "twemoji")
SIZES = {"pairs-500": 500, "pairs-1500": 1_500, "pairs-5000": 5_000}
REGIMES = ("styles", *SIZES, "finetune")


@dataclass(frozen=True, eq=False, kw_only=True)
class Fitting:
    """What a training and its tuning get: nothing of a test part.

    Attributes:
        train: picture rows.
        val: picture rows.
    """

    train: Ints
    val: Ints


@dataclass(frozen=True, eq=False, kw_only=True)
class Part:
    """A test part.

    Attributes:
        rows: picture rows, ascending.
        pictures: corruption of the pictures, or "".
        captions: noise of the captions, or "".
        classes: prompts that tell the pictures' groups apart, "dataset/column", or "" for retrieval.
    """

    rows: Ints
    pictures: str = ""
    captions: str = ""
    classes: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Regime:
    """Data of a question.

    Attributes:
        name: of `REGIMES`.
        pool: picture rows that training draws from.
        size: pictures drawn for each seed; 0 takes the whole pool.
        val: picture rows that tuning scores.
        tests: by name.
    """

    name: str
    pool: Ints
    val: Ints
    size: int = 0
    tests: dict[str, Part] = field(default_factory=dict)

    def fitting(self, seed: int) -> Fitting:
        """Return the rows that a seed trains on and those that tuning scores."""
        if not self.size:
            return Fitting(train=self.pool, val=self.val)
        drawn = np.random.default_rng([seed, self.size]).permutation(self.pool)[: self.size]
        return Fitting(train=np.sort(drawn), val=self.val)


def regime(corpus: Corpus, name: str) -> Regime:
    """Return a regime by name, as PROTOCOL.md describes it."""
    if name == "styles":
        return _styles(corpus)
    tests = {"id": Part(rows=corpus.rows(split="test"))}
    if name == "finetune":
        tests |= _worse(corrupted_rows(corpus))
    return Regime(
        name=name,
        pool=corpus.rows(split="train"),
        val=corpus.rows(split="val"),
        size=SIZES.get(name, 0),
        tests=tests,
    )


def _styles(corpus: Corpus) -> Regime:
    train = corpus.rows("emoji", "train", SEEN_STYLES)
    seen = set(corpus.cluster[train].tolist())
    other = corpus.rows("clipart")
    other = other[[number not in seen for number in corpus.cluster[other].tolist()]]
    same = corpus.rows("emoji", "test", SEEN_STYLES)
    tests = {"id": Part(rows=same), "style": Part(rows=corpus.rows("emoji", "test", ("fluent",)))}
    tests["other"] = Part(rows=other)
    tests |= _worse(same)
    tests["zero-emoji"] = Part(rows=same, classes="emoji/subgroup")
    tests["zero-clipart"] = Part(rows=other, classes="clipart/group")
    return Regime(name="styles", pool=train, val=corpus.rows("emoji", "val", SEEN_STYLES), tests=tests)


def _worse(rows: Ints) -> dict[str, Part]:
    pictures = {f"corrupt-{name}": Part(rows=rows, pictures=name) for name in PICTURES}
    return pictures | {f"captions-{name}": Part(rows=rows, captions=name) for name in CAPTIONS}

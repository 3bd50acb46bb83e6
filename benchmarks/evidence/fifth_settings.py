"""Settings of the fifth part, and the ladders that a search climbs in each."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.fifth_methods import CORE, FIFTH, STYLES_ONLY
from benchmarks.evidence.ladders import Ladder
from benchmarks.evidence.plan import MAIN, SECOND
from benchmarks.evidence.store import Cell
from sde_core.retrieval.links import Ints

SEEDS = tuple(range(30, 40))
"""Of the final runs: no training of the first four parts had them."""
TRAININGS = 32
"""Of every search, for every method, its second looks included."""
MOST_SEEN = 655_360
"""Pictures that a training may see, steps times batch: the one limit that the machine sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where methods are compared.

    Attributes:
        name: in tables.
        regime: of the data, or "photographs".
        towers: of `TOWERS`.
        wrong: share of the training pictures whose captions are another's.
        counts: whether it is one of the eight of the verdict.
        methods: that run.
    """

    name: str
    regime: str
    towers: str = MAIN
    wrong: float = 0.0
    counts: bool = True
    methods: tuple[str, ...] = CORE


SETTINGS = (
    Setting(name="styles", regime="styles", methods=(*CORE, *STYLES_ONLY)),
    Setting(name="pairs-5000", regime="pairs-5000"),
    Setting(name="photographs", regime="photographs"),
    Setting(name="finetune", regime="finetune", towers="bundled"),
    Setting(name="styles-second", regime="styles", towers=SECOND),
    Setting(name="pairs-500", regime="pairs-500"),
    Setting(name="pairs-1500", regime="pairs-1500"),
    Setting(name="pairs-all", regime="pairs-all"),
    Setting(name="wrong-20", regime="pairs-5000", wrong=0.2, counts=False),
    Setting(name="wrong-40", regime="pairs-5000", wrong=0.4, counts=False),
)
"""In the order in which they run."""


def ladders_of(setting: Setting, method: str, n_pictures: int) -> dict[str, Ladder]:
    """Return the ladders of a search.

    Args:
        setting: where.
        method: whose own knobs.
        n_pictures: that are trained on: a batch is at most half of them.
    """
    batches = Ladder.doubling(32, min(2_048, n_pictures / 2), 32)
    found = {
        "rate": Ladder.doubling(2.5e-4, 0.064, 2e-3),
        "decay": Ladder(values=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0), start=0.1),
        "steps": Ladder(values=(40, 80, 160, 320, 640, 1_280), start=160),
        "batch": Ladder(values=tuple(int(b) for b in batches.values), start=128 if n_pictures >= 512 else 64),
        "dropout": Ladder(values=(0.0, 0.1, 0.25, 0.5, 0.7, 0.85), start=0.25),
        "width": Ladder(values=(128, 256, 512, 1_024), start=256),
        "temperature": Ladder.doubling(0.01, 0.32, 0.08),
    }
    if setting.regime == "finetune":  # its heads have their width and their temperature
        found |= {"rate": Ladder.doubling(1.25e-5, 0.0128, 2e-4)}
        del found["width"], found["temperature"]
    return found | dict(FIFTH[method].own)


def is_allowed(knobs: Cell) -> bool:
    """Return whether a training sees at most `MOST_SEEN` pictures."""
    return bool(knobs["steps"] * knobs["batch"] <= MOST_SEEN)


def with_wrong_captions(corpus: Corpus, rows: Ints, share: float, seed: int) -> Corpus:
    """Return a corpus in which a share of some pictures have the captions of another one of them.

    Args:
        corpus: that is not changed.
        rows: pictures.
        share: of them.
        seed: of which ones.
    """
    draw = np.random.default_rng([seed, round(1000 * share)])
    wrong = draw.permutation(rows)[: round(share * len(rows))]
    other = dict(zip(wrong.tolist(), np.roll(wrong, 1).tolist(), strict=True))
    captions: dict[int, list[int]] = {}
    for text, image in corpus.links.tolist():
        captions.setdefault(image, []).append(text)
    links = [(text, image) for image in captions for text in captions[other.get(image, image)]]
    return replace(corpus, links=np.array(links, dtype=np.int64))

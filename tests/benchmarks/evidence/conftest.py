"""Real pairs with made-up features, that trainings of a second learn from."""

import numpy as np
import pytest

from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.features import Features
from data.encoders.recipe.pairs import read_split


@pytest.fixture(scope="module")
def corpus():
    return Corpus.of(read_split("val", ["emoji"])[:240])


@pytest.fixture(scope="module")
def features(corpus):
    generator = np.random.default_rng(0)
    names, concept = np.unique(corpus.concept, return_inverse=True)
    meaning = generator.normal(size=(len(names), 24))
    of_text = np.zeros(len(corpus.captions), np.int64)
    of_text[corpus.links[:, 0]] = concept[corpus.links[:, 1]]
    image, text = (
        (meaning[rows] @ generator.normal(size=(24, width)) + generator.normal(size=(len(rows), width)))
        for rows, width in ((concept, 40), (of_text, 30))
    )
    return Features(
        image=image.astype(np.float32), text=text.astype(np.float32), corrupted={}, noisy={}, prompts={}
    )

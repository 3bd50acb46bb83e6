"""Columns that captions give: their length, and whether they hold a word."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sde_core.knowledge.columns import FEWEST, Column
from sde_core.vocabulary import Modality

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet

N_WORDS = 200
"""Most frequent words that become columns."""
LENGTH = "caption length"

# Words that hold English sentences together; other languages have no list here, so theirs become columns too.
STOP_WORDS = frozenset(
    """
    a about above after again against all also am an and any are as at be because been before being below
    between both but by can could did do does doing down during each few for from further had has have having he
    her here hers him his how i if in into is it its itself just me more most my no nor not now of off on once
    only or other our ours out over own same she should so some such than that the their theirs them then there
    these they this those through to too under until up very was we were what when where which while who whom
    why will with would you your yours
    """.split()  # noqa: SIM905  (a list of names is a page long)
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def words_of(caption: str) -> frozenset[str]:
    """Return the words of a caption in lower case.

    >>> sorted(words_of("A dog's bowl, 2 dogs"))
    ['a', 'bowl', "dog's", 'dogs']
    """
    return frozenset(word.replace("’", "'") for word in _WORD.findall(caption.lower()))


def word_column(embeddings: "EmbeddingSet", word: str, side: Modality = Modality.TEXT) -> Column:
    """Return whether a text holds the word, or whether one of an image's captions does, as a column "“word”"."""
    asked = words_of(word)
    holds = np.array([asked <= words_of(caption) for caption in embeddings.captions], dtype=bool)
    return _presence(embeddings, word.lower().strip(), holds & bool(asked), side)


def caption_columns(
    embeddings: "EmbeddingSet", side: Modality = Modality.TEXT, *, n_words: int = N_WORDS
) -> dict[str, Column]:
    """Return the length of the captions and the presence of their most frequent words; {} without captions.

    Args:
        embeddings: a set.
        side: whose rows: a text has its own caption, an image the mean length of its captions and all their words.
        n_words: most frequent words that are not stop words, each in at least `FEWEST` captions and lacking in as many.
    """
    if not any(embeddings.captions):
        return {}
    words = [words_of(caption) for caption in embeddings.captions]
    lengths = np.array([len(caption.split()) for caption in embeddings.captions], dtype=np.float64)
    found = {LENGTH: Column.of(LENGTH, _per_row(embeddings, lengths, side), "number")}
    for word in frequent_words(words, n_words):
        holds = np.array([word in some for some in words], dtype=bool)
        column = _presence(embeddings, word, holds, side)
        found[column.name] = column
    return found


def frequent_words(captions: Iterable[frozenset[str]], most: int) -> Sequence[str]:
    """Return the words in most captions, most frequent first, equal ones by the alphabet."""
    counts: Counter[str] = Counter()
    total = 0
    for words in captions:
        counts.update(words - STOP_WORDS)
        total += 1
    usual = [
        (-count, word)
        for word, count in counts.items()
        if len(word) > 1 and FEWEST <= count <= total - FEWEST
    ]
    return [word for _, word in sorted(usual)[:most]]


def _presence(embeddings: "EmbeddingSet", word: str, holds: npt.NDArray[np.bool_], side: Modality) -> Column:
    name = f"“{word}”"
    shares = _per_row(embeddings, holds.astype(np.float64), side)
    return Column.of(name, np.where(np.isnan(shares), "", np.where(shares > 0, word, f"no {word}")))


def _per_row(
    embeddings: "EmbeddingSet", of_texts: npt.NDArray[np.float64], side: Modality
) -> npt.NDArray[np.float64]:
    """Return a number a text for the rows of one side; of an image the mean over its captions, NaN without one."""
    if side is Modality.TEXT:
        return of_texts
    text, image = embeddings.links.T
    count = np.bincount(image, minlength=embeddings.n_images)
    total = np.bincount(image, of_texts[text], minlength=embeddings.n_images)
    means: npt.NDArray[np.float64] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return means

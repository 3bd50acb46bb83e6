"""What can be odd about a set, one kind a name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sde_core.checks.brief import brief

KINDS: Mapping[str, str] = {
    "skipped": "items that cannot be used",
    "broken_pictures": "pictures that cannot be decoded",
    "twins": "pictures that are the same file under another id",
    "near_duplicates": "pictures or vectors that are nearly those of another id",
    "tied_vectors": "vectors that are equal to another row's",
    "shared_captions": "captions that several pictures carry",
    "near_empty_captions": "captions of fewer than three letters, or of a missing value (nan, None, null)",
    "long_captions": "captions beyond the 77 tokens that CLIP's text encoders read",
    "mixed_sizes": "pictures of very different sizes",
    "small_pictures": "pictures of which a side is below 32 pixels",
    "dark_pictures": "pictures without a point above 31 of 255, such as 12 bits that are stored in 16",
    "unpaired": "pictures without a caption, or captions without a picture",
    "leaks": "pictures, vectors or captions of one split that are in another, too",
    "remarks": "how the files were read",
}
"""Name of a kind -> what is counted."""

_EXAMPLES = 5
_LETTERS = 3
_MISSING = ("nan", "none", "null", "undefined")  # as programs write what is not there


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """Something of one kind that is odd about a set.

    Attributes:
        kind: one of `KINDS`.
        count: items that it concerns.
        examples: some of them, in words.
    """

    kind: str
    count: int
    examples: tuple[str, ...]

    __repr__ = brief

    def joined(self, other: Self) -> Self:
        """Return both of one kind as one."""
        return replace(
            self,
            count=self.count + other.count,
            examples=(*other.examples, *self.examples)[:_EXAMPLES],
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the fields and what is counted, for JSON."""
        return {
            "kind": self.kind,
            "what": KINDS[self.kind],
            "count": self.count,
            "examples": list(self.examples),
        }


def odd_of(kind: str, found: Iterable[str]) -> list[Odd]:
    """Return one `Odd` for what was found, nothing for nothing."""
    words = list(found)
    return [Odd(kind=kind, count=len(words), examples=tuple(words[:_EXAMPLES]))] if words else []


def odd_captions(captions: Sequence[str]) -> list[Odd]:
    """Return what is odd about distinct captions: near-empty ones, and those beyond CLIP's context."""
    short = [repr(c) for c in captions if c and _is_near_empty(c)]
    return odd_of("near_empty_captions", short) + odd_of("long_captions", _long(captions))


def _is_near_empty(caption: str) -> bool:
    return sum(letter.isalnum() for letter in caption) < _LETTERS or caption.strip().lower() in _MISSING


def _long(captions: Sequence[str]) -> list[str]:
    from open_clip.tokenizer import SimpleTokenizer

    tokenizer = SimpleTokenizer()
    room = int(tokenizer.context_length) - 2  # start and end take one each
    # A token is a byte at least.
    doubtful = (c for c in captions if len(c.encode("utf-8", "replace")) > room)
    return [f"{c[:60]!r}..." for c in doubtful if len(tokenizer.encode(c)) > room]


def leaks(ids: Sequence[str], splits: Sequence[str], same_as: npt.NDArray[np.int64]) -> list[str]:
    """Return rows whose like is in another split, in words.

    Args:
        ids: of the rows.
        splits: of the rows.
        same_as: (n,) the row that each is like; itself where there is none.
    """
    return [
        f"{ids[row]} ({splits[row]}) is {ids[other]} ({splits[other]})"
        for row, other in enumerate(same_as.tolist())
        if splits[row] != splits[other]
    ]

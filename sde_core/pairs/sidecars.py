"""Names in one folder: which are images, and which files beside belong to one of them."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from sde_core.pairs.member_names import IMAGE_SUFFIXES, member_name

TEXTS = (".txt", ".text", ".caption")
"""Suffixes of files with captions, in the order in which they are looked for."""
SIDECARS = (*TEXTS, ".json")

Sidecars = Mapping[tuple[str, str], str]
"""(composed stem, suffix in lower case) -> name."""


def pictures_in(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield stem and name of every image."""
    for name in names:
        stem, dot, suffix = name.rpartition(".")
        if dot and stem and suffix.lower() in IMAGE_SUFFIXES:
            yield stem, name


def chosen_pictures(names: Sequence[str]) -> dict[str, str]:
    """Return stem -> image; of several the format that a shard's sample would have it, masks being png.

    >>> chosen_pictures(["a.jpg", "a.png", "b.webp"])
    {'a': 'a.jpg', 'b': 'b.webp'}
    """
    found: dict[str, str] = {}
    for stem, name in pictures_in(names):
        if stem not in found or _rank(name) < _rank(found[stem]):
            found[stem] = name
    return found


def sidecars_in(names: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return every file that may hold captions."""
    split = ((name.rpartition("."), name) for name in names)
    return {
        (composed(stem), dot + suffix.lower()): name
        for (stem, dot, suffix), name in split
        if dot + suffix.lower() in SIDECARS
    }


def texts_of(stem: str, name: str, beside: Sidecars) -> list[str]:
    """Return the files with captions of an image, the one to read first: `a.txt`, or `a.jpg.txt`."""
    wanted = ((composed(base), suffix) for suffix in TEXTS for base in (stem, name))
    return [beside[each] for each in wanted if each in beside]


def record_of(stem: str, name: str, beside: Sidecars) -> str | None:
    """Return the JSON file of an image, None where there is none."""
    return next((beside[key] for base in (stem, name) if (key := (composed(base), ".json")) in beside), None)


def owners(pictures: Mapping[str, str]) -> set[str]:
    """Return the composed stems that a file beside one of these images may have."""
    return {composed(base) for item in pictures.items() for base in item}


def composed(name: str) -> str:
    """Return a name in Unicode's composed form, in which systems write it or not."""
    return unicodedata.normalize("NFC", name)


def _rank(name: str) -> int:
    member = member_name("a." + name.rpartition(".")[2].lower())
    return 0 if member is None else member.rank

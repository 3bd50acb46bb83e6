"""Short names for people: of sets, uploads and encoders, each told from its neighbours. No address carries one."""

from collections.abc import Sequence
from pathlib import PurePath

_DIGEST_LETTERS = 12
"""A folder called by so many hexadecimal letters or more is named after what it holds."""


def short_name(name: str) -> str:
    """Return how people call a set or an encoder: the last telling part of a path, anything else as it is.

    >>> short_name("emoji/test"), short_name("/up/3f9ab2c4d5e6f7a8/photos.zip"), short_name("ViT-B-32/openai")
    ('emoji/test', 'photos.zip', 'ViT-B-32/openai')
    >>> short_name("/cache/training/2026-11-29 emoji/sde/checkpoint-0047")
    'sde/checkpoint-0047'
    """
    if not _is_path(name):
        return name
    parts = [part for part in PurePath(name).parts if part not in "/\\\\" and not _is_digest(part)]
    if not parts:
        return name
    is_step = parts[-1].startswith(("checkpoint", "step", "encoder", "vectors")) and len(parts) > 1
    return "/".join(parts[-2:]) if is_step else parts[-1]


def told_apart(names: Sequence[str]) -> list[str]:
    """Return the short name of each; of those that would be alike, with as much of the path as tells them apart.

    >>> told_apart(["/a/b/photos", "/a/c/photos", "emoji"])
    ['b/photos', 'c/photos', 'emoji']
    """
    found = [short_name(name) for name in names]
    for length in range(2, 1 + max((len(PurePath(name).parts) for name in names), default=0)):
        alike = {name for name in found if found.count(name) > 1}
        found = [
            "/".join(PurePath(whole).parts[-length:]) if name in alike and _is_path(whole) else name
            for whole, name in zip(names, found, strict=True)
        ]
    return found


def _is_path(name: str) -> bool:
    return name.startswith(("/", "~", ".")) or (len(name) > 2 and name[1:3] in (":\\\\", ":/"))


def _is_digest(part: str) -> bool:
    return len(part) >= _DIGEST_LETTERS and all(letter in "0123456789abcdef" for letter in part)

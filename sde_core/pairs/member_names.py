"""What the name of a shard's member says: its sample, its part, and how surely it is that part.

As webdataset has it, the key of a sample ends at the first dot of the name and the rest is its suffix, in lower case.
A suffix of one word (`jpg`, `txt`) is plain; of one with dots (`image.jpg`, `seg.png`) the last word is the format.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

IMAGE_SUFFIXES = frozenset({"webp", "jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "avif"})
PARTS = ("image", "txt", "json", "cls")
"""What a sample can have; other members are left where they are."""

# Of several plain suffixes of a part the first one is read: masks and depths come as png.
_SUFFIXES = {
    "image": ("jpg", "jpeg", "webp", "png", "avif", "tif", "tiff", "bmp", "gif"),
    "txt": ("txt", "text", "caption", "transcript"),
    "json": ("json", "jsn"),
    "cls": ("cls", "class"),
}
_PLACES = {suffix: (part, at) for part, known in _SUFFIXES.items() for at, suffix in enumerate(known)}
# Words before the format that say that it is the image, or the caption, that is meant.
_MEANT = {
    "image": ("image", "img", "picture", "photo", "rgb", "input", "original"),
    "txt": ("caption", "captions", "text", "prompt", "txt"),
    "json": ("meta", "metadata"),
    "cls": ("label",),
}
_PLAIN, _NAMED, _OTHER = 0, 16, 32


@dataclass(frozen=True, slots=True)
class MemberName:
    """The name of one member, taken apart.

    Attributes:
        key: of its sample, composed (NFC).
        part: one of `PARTS`.
        middle: the words between key and format; "" in a plain suffix.
        rank: the lower, the rather it is the part that is meant; below 16 in a plain suffix.
    """

    key: str
    part: str
    middle: str
    rank: int


def member_name(name: str) -> MemberName | None:
    """Return what a member is by its name, or None where it is no part that is read.

    >>> member_name("a/0.jpg"), member_name("0.pyd")
    (MemberName(key='a/0', part='image', middle='', rank=0), None)
    >>> member_name("0.image.jpg").middle, member_name("0.seg.png").rank > member_name("0.image.png").rank
    ('image', True)
    """
    folder, slash, base = name.rpartition("/")
    stem, _, suffix = base.partition(".")
    middle, _, format_ = suffix.lower().rpartition(".")
    part, at = _PLACES.get(format_, ("", 0))
    if not part or is_hidden(name):
        return None
    meant = _MEANT[part]
    rank = _PLAIN if not middle else _NAMED if middle in meant else _OTHER
    rank += at if not middle else meant.index(middle) if middle in meant else min(len(middle), 200)
    return MemberName(unicodedata.normalize("NFC", f"{folder}{slash}{stem}"), part, middle, rank)


def plain_suffix(part: str, rank: int) -> str:
    """Return the plain suffix that has this rank in a part.

    >>> plain_suffix("image", 3)
    'png'
    """
    return _SUFFIXES[part][rank]


def is_hidden(name: str) -> bool:
    """Return whether systems and editors keep a file for themselves: `._a.jpg`, `__MACOSX/`, `.cache/`, `a.jpg~`.

    >>> [is_hidden(name) for name in ("a/._0.jpg", ".ipynb_checkpoints/0.jpg", "0.jpg~", "a/0.jpg", "./0.jpg")]
    [True, True, True, False, False]
    """
    return name.endswith("~") or any(
        (word.startswith(".") and word not in (".", "..")) or word in _SYSTEM for word in name.split("/")
    )


_SYSTEM = ("__MACOSX", "@eaDir", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN")


def samples_of_dotted(plain: Iterable[str], dotted: Iterable[MemberName]) -> dict[str, str]:
    """Return middle -> key for one key's members with dots, where they are samples of their own.

    `22.05.png` with `22.05.txt` is an image with its caption, and so is `22.06.png` with `22.06.txt`: that holds where
    no part stands plainly under the key. Otherwise, as in `0.image.jpg` with `0.caption.txt`, the key is one sample.

    Args:
        plain: parts of the key that have a plain suffix.
        dotted: its other members.
    """
    parts: dict[str, set[str]] = {}
    key = ""
    for member in dotted:
        key = member.key
        parts.setdefault(member.middle, set()).add(member.part)
    whole = [middle for middle, found in parts.items() if "image" in found and len(found) > 1]
    return {} if any(plain) else {middle: f"{key}.{middle}" for middle in whole}

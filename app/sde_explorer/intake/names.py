"""What people call a set and an encoder; addresses and choices keep their ids."""

import re
from pathlib import PurePosixPath

_TRAINED = re.compile(r"(?P<day>\d{8})-(?P<time>\d{6})-[^/]*[/-](?P<run>[^/]+?)(?:/open_clip)?/?$")
_DIGEST = re.compile(r"[0-9a-f]{12,}")


def is_path(value: str) -> bool:
    """Return whether pairs, vectors or an encoder are named by where they lie."""
    return value.startswith(("/", "~", ".")) or ":\\" in value


def data_name(data: str) -> str:
    """Return the short name of pairs or vectors: that of the file or folder, without where it lies.

    >>> data_name("emoji"), data_name("/cache/uploads/40d9d954b7d2afb0/my set.npz"), data_name("org/name")
    ('emoji', 'my set.npz', 'org/name')
    """
    if not is_path(data):
        return data
    parts = [part for part in PurePosixPath(data.replace("\\", "/")).parts if not _DIGEST.fullmatch(part)]
    return parts[-1] if parts else data


def encoder_name(encoder: str) -> str:
    """Return the short name of an encoder: of a trained one its loss and when it was trained.

    >>> encoder_name("/c/trainings/20261129-080312-emoji-adapter/InfoNCE/open_clip"), encoder_name("ViT-B-32/openai")
    ('InfoNCE, trained 29.11. 08:03:12', 'ViT-B-32/openai')
    """
    found = _TRAINED.search(encoder)
    if found:
        day, time = found["day"], found["time"]
        return f"{found['run']}, trained {day[6:]}.{day[4:6]}. {time[:2]}:{time[2:4]}:{time[4:]}"
    return data_name(encoder)


def told_apart(values: list[str], names: dict[str, str]) -> dict[str, str]:
    """Return names of which no two are equal: what shares its name with another gets the folder above it as well.

    >>> told_apart(["/a/x", "/b/x", "y"], {"/a/x": "x", "/b/x": "x", "y": "y"})
    {'/a/x': 'x (a)', '/b/x': 'x (b)', 'y': 'y'}
    >>> told_apart(["a", "b"], {"a": "mine", "b": "mine"})
    {'a': 'mine', 'b': 'mine 2'}
    """
    found: dict[str, str] = {}
    for value in values:
        name = names[value]
        if sum(names[other] == name for other in values) > 1:
            above = PurePosixPath(value.replace("\\", "/")).parent.name
            name = f"{name} ({above[:8]})" if above else name
        number, alone = 1, name
        while name in found.values():
            number += 1
            name = f"{alone} {number}"
        found[value] = name
    return found

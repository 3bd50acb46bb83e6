"""Results that outlive the server: those of the bundled sets came with them, others lie in the cache folder.

A result is found by everything that it depends on: the key of its job (content and settings) and the version of what
computes it. What came along is held equal to a fresh computation by a test; what was computed here is
found by the same code only: the digest of all source files is part of its name.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic

import sde_core as sde
from sde_core.files import bundled
from sde_core.files.cache import cache_folder
from sde_core.files.value_file import read_value, write_value
from sde_explorer.jobs import T
from sde_explorer.serving import log
from sde_explorer.serving.policy import current

MOST_BYTES = 256 << 20
"""Of all results in the cache folder; those that nobody asked for the longest leave first."""


@dataclass(kw_only=True)
class Kept(Generic[T]):
    """Says that the result of a job may be kept.

    Attributes:
        version: of what computes it; raised when the same key is to have other values.
        classes: dataclasses and enumerations that the kept value is made of.
        packed: returns what is kept of a result; None keeps the result.
        unpacked: returns the result.
    """

    version: int = 1
    classes: tuple[type, ...] = ()
    packed: Callable[[T], object] | None = None
    unpacked: Callable[[Any], T] | None = None

    def read(self, key: str) -> tuple[T, float] | None:
        """Return the result that is kept under a key and the seconds that it took, or None; a damaged file is none.

        Args:
            key: of the job.
        """
        for path, header in self._places(key):
            if not path.is_file():
                continue
            # What is damaged is made again, and written in its place.
            with suppress(sde.DataError, ValueError, TypeError, KeyError):
                value, seconds = read_value(path, header=header, classes=self.classes)
                with suppress(OSError):  # those that were read last stay the longest
                    os.utime(path)
                return (self.unpacked(value) if self.unpacked else value), float(seconds)
        return None

    def write(self, key: str, result: T, seconds: float) -> None:
        """Keep a result, on a server of one person that may write; where there is no room, the log says so.

        Args:
            key: of the job.
            result: of it.
            seconds: that it took.
        """
        rules = current()
        if rules.read_only or not rules.one_user:  # what visitors bring leaves with them
            return
        *_, (path, header) = self._places(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_value(path, (self.packed(result) if self.packed else result, seconds), header=header)
            _make_room(path.parent)
        except OSError as error:
            log.tell("not kept", error=str(error))

    def _places(self, key: str) -> Iterator[tuple[Path, dict[str, str]]]:
        header = {"key": key, "version": str(self.version)}
        with suppress(sde.DataError):  # installed without data
            yield bundled.results_folder() / came_along(header), header
        yield cache_folder() / "results" / _name(header, code_digest()), header


def came_along(header: Mapping[str, str]) -> str:
    """Return the name under which a result comes with the data, which `python -m data.results_recipe` makes.

    Args:
        header: of its file.
    """
    return _name(header, "with the data")


def _name(header: Mapping[str, str], code: str) -> str:
    return f"{sha256(repr((sorted(header.items()), code)).encode()).hexdigest()[:24]}.npz"


@cache
def code_digest() -> str:
    """Return a digest of the source of library and dashboard, and of what they compute with."""
    digest = sha256("/".join(version(name) for name in ("torch", "numpy", "scipy")).encode())
    for package in ("sde_core", "sde_explorer"):
        spec = find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(root).rglob("*.py")):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _make_room(folder: Path) -> None:
    """Remove the results that nobody read for the longest, until the rest fits."""
    found = []
    for path in folder.glob("*.npz"):
        with suppress(OSError):  # another server has just removed it
            stat = path.stat()
            found.append((stat.st_mtime, stat.st_size, path))
    too_much = sum(size for _, size, _ in found) - MOST_BYTES
    for _, size, path in sorted(found):
        if too_much <= 0:
            return
        with suppress(OSError):
            path.unlink()
        too_much -= size

"""Puts a changed source in the place of a module's own, in this process alone: no file is written."""

import gc
import importlib.machinery
import sys
from collections import defaultdict
from types import CodeType, FunctionType, ModuleType
from typing import Any

Functions = dict[str, list[FunctionType]]


def functions_of(prefix: str) -> Functions:
    """Return every function that lives, by the file that it comes from, of files below ``prefix``."""
    found: Functions = defaultdict(list)
    for one in gc.get_objects():
        if type(one) is FunctionType and one.__code__.co_filename.startswith(prefix):
            found[one.__code__.co_filename].append(one)
    return found


def swap(file: str, before: str, after: str, functions: Functions) -> bool:
    """Give the functions of an imported file the code of a changed source; return whether all of it fitted.

    Args:
        file: the module's file.
        before: its source.
        after: the changed source, of the same shape: only bodies of functions differ.
        functions: of ``functions_of``, found before any test ran.
    """
    module = next(m for m in list(sys.modules.values()) if getattr(m, "__file__", None) == file)
    old, new = (_compiled(module, file, text) for text in (before, after))
    changed: dict[CodeType, CodeType] = {}
    if not _paired(old, new, changed):
        return False
    met = False
    for function in functions.get(file, []):
        code = changed.get(function.__code__)
        if code is not None:
            met = True
            function.__code__ = code
    return met


def _compiled(module: ModuleType, file: str, text: str) -> CodeType:
    loader: Any = module.__spec__.loader if module.__spec__ is not None else None
    return loader.source_to_code(text.encode(), file)  # type: ignore[no-any-return]


def _paired(old: CodeType, new: CodeType, changed: dict[CodeType, CodeType]) -> bool:
    parts = [[c for c in code.co_consts if isinstance(c, CodeType)] for code in (old, new)]
    if len(parts[0]) != len(parts[1]) or old.co_freevars != new.co_freevars:
        return False
    if old != new:
        changed[old] = new
    return all(_paired(a, b, changed) for a, b in zip(*parts, strict=True))


def import_changed(file: str, after: str) -> None:
    """Let the next import of a file read another text than the one on disk; nothing is kept of it."""
    loader: Any = importlib.machinery.SourceFileLoader
    stem = file.rsplit("/", 1)[1].removesuffix(".py") + "."
    read = loader.get_data

    def get_data(self: object, path: str) -> bytes:
        if path == file:
            return after.encode()
        if path.endswith(".pyc") and path.rsplit("/", 1)[1].startswith(stem):
            raise OSError
        return bytes(read(self, path))

    loader.get_data = get_data
    loader._cache_bytecode = lambda *_: None

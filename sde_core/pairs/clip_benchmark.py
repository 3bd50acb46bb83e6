"""CLIP_benchmark's layout: `test/0.tar`, `test/nshards.txt`, and beside `test/` the classes and their prompts."""

import re

from sde_core.errors import DataError
from sde_core.pairs.base import Classification
from sde_core.pairs.braces import MAX_NAMES
from sde_core.pairs.fields import caption_text
from sde_core.pairs.folder_tree import FolderTree
from sde_core.pairs.limits import MAX_ROW_BYTES
from sde_core.pairs.source import Source
from sde_core.pairs.tree import Tree
from sde_core.pairs.webdataset import WebDatasetPairs

COUNT = "nshards.txt"
TEMPLATES = "zeroshot_classification_templates.txt"
LOOKS_FOR = f"a CLIP_benchmark folder (test/{COUNT} beside classnames.txt or dataset_type.txt)"
_MARKS = ("classnames.txt", "dataset_type.txt")


def detects(source: Source) -> bool:
    """Return whether ``source`` is such a folder or archive, or the folder of one of its splits."""
    if source.tree is None:
        return False
    top = set(source.tree.top())
    try:
        return COUNT in top or (any(mark in top for mark in _MARKS) and bool(_splits(source.tree)))
    except DataError:  # a count that is no text
        return False


def open_source(source: Source) -> WebDatasetPairs:
    """Return the pairs of the split `test`, or of the only split, or of the split that was named.

    Raises:
        DataError: there is no split, or none called test among several.
    """
    if source.tree is None:
        raise DataError(f"{source.uri} must be a folder with splits; name the folder that holds test/{COUNT}")
    tree, split = source.tree, ""
    if _lines(tree, COUNT):
        if isinstance(tree, FolderTree):  # the classes lie beside the split's folder
            tree, split = FolderTree(tree.root.resolve().parent), tree.root.resolve().name
    else:
        splits = _splits(tree)
        if not splits:
            raise DataError(f"{source.uri} must hold {LOOKS_FOR}; there is none")
        if len(splits) > 1 and "test" not in splits:
            raise DataError(
                f"{source.uri} holds the splits {', '.join(splits)}: open one of them by its path"
            )
        split = "test" if "test" in splits else splits[0]
    prefix = f"{split}/" if split else ""
    return WebDatasetPairs(tree, _shards(tree, prefix), source.uri, _classification(tree))


def _splits(tree: Tree) -> list[str]:
    return sorted(n.removesuffix("/") for n in tree.top() if n.endswith("/") and _lines(tree, n + COUNT))


def _shards(tree: Tree, prefix: str) -> list[str]:
    text = "".join(_lines(tree, prefix + COUNT)[:1])
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= MAX_NAMES:
        raise DataError(
            f"{prefix}{COUNT} must hold the number of shards, from 1 to {MAX_NAMES:,}; got {text[:20]!r}"
        )
    return [f"{prefix}{number}.tar" for number in range(int(text))]


def _classification(tree: Tree) -> Classification | None:
    names = _class_names(tree)
    if "".join(_lines(tree, "dataset_type.txt")).lower() == "retrieval" or not names:
        return None
    return Classification(classnames=tuple(names), templates=_templates(tree) or ("{c}",))


def _class_names(tree: Tree) -> list[str]:
    """Return the names, whose numbers count lines.

    Raises:
        DataError: a line among them is blank: the numbers after it would be those of other names.
    """
    lines = _all_lines(tree, "classnames.txt")
    while lines and not lines[-1]:
        lines.pop()
    if "" in lines:
        raise DataError(
            f"classnames.txt must have a name in every line, whose number is that of the class; line "
            f"{lines.index('') + 1} is blank"
        )
    return lines


def _templates(tree: Tree) -> tuple[str, ...]:
    """Return the prompts with the place of the class as {c}; CLIP's own lists write {}.

    Raises:
        DataError: a line has no place for the class.
    """
    lines = _lines(tree, TEMPLATES)
    for line in lines:
        if "{c}" not in line and "{}" not in line:
            raise DataError(
                f"{TEMPLATES} must have the place of the class as {{c}} or {{}} in every line; got {line[:80]!r}"
            )
    return tuple(line if "{c}" in line else line.replace("{}", "{c}") for line in lines)


def _lines(tree: Tree, name: str) -> list[str]:
    """Return the lines of a text file that are not blank; none where it is missing."""
    return [line for line in _all_lines(tree, name) if line]


def _all_lines(tree: Tree, name: str) -> list[str]:
    """Return the lines of a text file without outer space; none where it is missing.

    Raises:
        DataError: it is there and cannot be read as text.
    """
    if not tree.has(name):
        return []
    try:
        text = caption_text(tree.read(name, MAX_ROW_BYTES))
    except DataError as error:
        raise DataError(f"{name} cannot be read: {error}") from None
    return [line.strip() for line in re.split(r"\r\n|\r|\n", text)]

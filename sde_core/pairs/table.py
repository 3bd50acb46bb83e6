"""Tables beside their images: which files are tables that can be used, and how one is opened."""

from contextlib import suppress

from sde_core.errors import DataError
from sde_core.pairs.columns import CAPTION_COLUMNS, IMAGE_COLUMNS
from sde_core.pairs.member_names import is_hidden
from sde_core.pairs.plain_table import table_suffix
from sde_core.pairs.rows import TABLE_SUFFIXES, Rows
from sde_core.pairs.source import Source
from sde_core.pairs.table_pairs import TablePairs
from sde_core.pairs.tree import Tree

LOOKS_FOR = (
    f"a table ({', '.join('*' + s for s in TABLE_SUFFIXES)}) with a column for the picture "
    f"({', '.join(IMAGE_COLUMNS[:4])}, ...) and one for the caption ({', '.join(CAPTION_COLUMNS[:4])}, ...)"
)

_LOOSE = (".json", ".txt", ".token")
_MOST_LOOSE = 8


def detects(source: Source) -> bool:
    """Return whether ``source`` is a table, or a folder or archive with one that has the columns."""
    if source.tree is not None:
        return bool(_tables(source.tree))
    if not (table_suffix(source.path.name) and source.path.is_file()):
        return False
    if source.path.name.lower().endswith(TABLE_SUFFIXES):
        return True
    with suppress(DataError):
        _opened(source, source.folder(source.path.parent), source.path.name)
        return True
    return False


def detects_one(source: Source) -> bool:
    """Return whether the folder holds a table of images only, or of captions only: taken where nothing else is."""
    return source.tree is not None and bool(_tables(source.tree, needs_both=False))


def open_source(source: Source) -> TablePairs:
    """Return the pairs of a table, or of the one table in a folder; one modality alone where it is all there is.

    Raises:
        DataError: there is no table that can be used, or more than one.
    """
    if source.tree is None:
        if not source.path.is_file():
            raise DataError(f"{source.uri} must be a table; there is no such file")
        path = source.path
        return _opened(source, source.folder(path.parent), path.name)
    tables = _tables(source.tree) or _tables(source.tree, needs_both=False)
    if not tables:
        why = why_no_table(source.tree)
        raise DataError(f"{source.uri} must hold {LOOKS_FOR}; {why or 'there is none'}")
    if len(tables) > 1:
        raise DataError(
            f"{source.uri} holds several tables ({', '.join(tables[:5])}): open one of them by its path"
        )
    return _opened(source, source.tree, tables[0])


def _opened(source: Source, tree: Tree, table: str) -> TablePairs:
    """Return a table with both modalities, else with one; what both lack is said of both."""
    try:
        return TablePairs(tree, table, source.uri, pictures=source.pictures(tree))
    except DataError as error:
        with suppress(DataError):
            return TablePairs(tree, table, source.uri, pictures=source.pictures(tree), needs_both=False)
        raise error


def _tables(tree: Tree, *, needs_both: bool = True) -> list[str]:
    """Return the tables right below the root that have the columns which are needed."""
    found = []
    for name in _table_names(tree):
        try:
            with tree.open(name) as file:
                Rows(file, name, needs_both=needs_both)
        except DataError:
            continue
        found.append(name)
    return found


def why_no_table(tree: Tree) -> str:
    """Return why the first table right below the root is not read; "" where there is none, or it is."""
    for name in _table_names(tree):
        if table_suffix(name) in _LOOSE:
            continue
        try:
            with tree.open(name) as file:
                Rows(file, name, needs_both=False)
        except DataError as error:
            return str(error)
    return ""


def _table_names(tree: Tree) -> list[str]:
    """Return the names right below the root that may be tables; beside many images JSON and text are sidecars."""
    names = [name for name in tree.top() if table_suffix(name) and not is_hidden(name)]
    loose = [name for name in names if table_suffix(name) in _LOOSE]
    few = [n for n in loose if table_suffix(n) != ".txt" or n.lower() == "captions.txt"]
    few = few if len(few) <= _MOST_LOOSE else []
    return sorted([name for name in names if name not in set(loose)] + few)

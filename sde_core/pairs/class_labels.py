"""Typed columns of Hugging Face: the names of a `ClassLabel` stand in the table's own description."""

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from sde_core.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def class_label(schema: "pa.Schema") -> tuple[str, tuple[str, ...]]:
    """Return the column of class labels with the names of its classes; ("", ()) where there is none.

    Of several the one called label is taken, else the first.
    """
    import pyarrow.types as pt

    described: object = None
    with suppress(ValueError, RecursionError, LookupError, TypeError):
        described = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
    found: dict[str, tuple[str, ...]] = {}
    for name, kind in described.items() if isinstance(described, dict) else ():
        names = kind.get("names") if isinstance(kind, dict) and kind.get("_type") == "ClassLabel" else None
        if not isinstance(names, list) or not all(isinstance(n, str) and n.strip() for n in names):
            continue
        if names and name in schema.names and pt.is_integer(schema.field(name).type):
            found[name] = tuple(names)
    column = "label" if "label" in found else next(iter(found), "")
    return column, found.get(column, ())


def class_name(names: tuple[str, ...], number: object) -> str:
    """Return the name of a class by its number.

    Raises:
        DataError: there is no class of this number; -1 stands for an unknown one.
    """
    if not isinstance(number, int) or not 0 <= number < len(names):
        raise DataError(f"its class {number} must be one of the {len(names)} that the table names")
    return names[number]

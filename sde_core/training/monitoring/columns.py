"""A look as a row of an Arrow table, and back."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sde_core.training.monitoring.look import Look, ModalityLook

if TYPE_CHECKING:
    import pyarrow as pa

_KIND = b"sde.looks.1"
_ARRAYS = {
    "values": "float",
    "labels": "int8",
    "mean": "float",
    "directions": "halffloat",
    "agreement": "float",
}
_DTYPES = {"float": np.float32, "int8": np.int8, "halffloat": np.float16}


def looks_schema() -> "pa.Schema":
    """Return the columns of a part."""
    import pyarrow as pa

    side = pa.struct(
        [
            (f.name, pa.list_(pa.type_for_alias(_ARRAYS[f.name])) if f.name in _ARRAYS else pa.float64())
            for f in fields(ModalityLook)
        ]
        + [("width", pa.int64())]
    )
    kinds = {
        "step": pa.int64(),
        "n_rows": pa.int64(),
        "n_last": pa.int64(),
        "image": side,
        "text": side,
        "cross": pa.list_(pa.float32()),
    }
    kinds |= {"scalars": pa.map_(pa.string(), pa.float64())}
    kinds |= {"remarks": pa.list_(pa.string()), "alarms": pa.list_(pa.string())}
    return pa.schema(
        [(f.name, kinds.get(f.name, pa.float64())) for f in fields(Look)], metadata={b"kind": _KIND}
    )


def schema_of(message: "pa.Message") -> "pa.Schema":
    """Return the columns that a part begins with; ours may be older than `looks_schema`.

    Raises:
        ValueError: it is no part of ours.
    """
    import pyarrow as pa

    schema = pa.ipc.read_schema(message)
    if (schema.metadata or {}).get(b"kind") != _KIND:
        raise ValueError("not of a monitor")
    return schema


def as_batch(look: Look) -> "pa.RecordBatch":
    """Return a look as a batch of one row."""
    import pyarrow as pa

    row: dict[str, Any] = {f.name: getattr(look, f.name) for f in fields(Look)}
    row["cross"] = look.cross.tolist()
    row["scalars"] = list(look.scalars.items())
    for name in ("image", "text"):
        row[name] = None if row[name] is None else _side_row(row[name])
    return pa.RecordBatch.from_pylist([row], schema=looks_schema())


def _side_row(side: ModalityLook) -> dict[str, Any]:
    row = {f.name: getattr(side, f.name) for f in fields(ModalityLook)}
    for name, kind in _ARRAYS.items():
        row[name] = list(row[name].astype(_DTYPES[kind]).ravel())
    return row | {"width": len(side.mean)}


def look_of(row: dict[str, Any]) -> Look:
    """Return the look of a row; KeyError, TypeError or ValueError where it holds none."""
    content = {f.name: row[f.name] for f in fields(Look) if f.name in row}
    content |= {name: None if row[name] is None else _side(row[name]) for name in ("image", "text")}
    content["cross"] = np.asarray(row["cross"], np.float32)
    content["scalars"] = dict(row["scalars"])
    return Look(**content | {name: tuple(row[name]) for name in ("remarks", "alarms")})


def _side(row: dict[str, Any]) -> ModalityLook:
    width = row.pop("width")
    arrays: dict[str, npt.NDArray[Any]] = {
        name: np.asarray(row[name], np.int8 if kind == "int8" else np.float32)
        for name, kind in _ARRAYS.items()
    }
    arrays["directions"] = arrays["directions"].reshape(width, -1)
    return ModalityLook(**row | arrays | {"not_finite": int(row["not_finite"])})

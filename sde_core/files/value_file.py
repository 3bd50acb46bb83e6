"""A computed value as a file: numbers, text, collections, arrays, tensors, and dataclasses of these, bit for bit.

One .npz: the arrays, each content once, and JSON that says what is made of them. Nothing in it is executed: a reader
names the classes that it builds.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sde_core.errors import DataError
from sde_core.files.claims import claimed_file

_VALUE, _HEADER = "value", "header"
Arrays = dict[str, npt.NDArray[Any]]


def write_value(path: Path, value: object, *, header: Mapping[str, str]) -> None:
    """Write a value, whole or not at all.

    Args:
        path: of the file; its folder is there.
        value: to be kept.
        header: text by name, which `read_value` compares.

    Raises:
        TypeError: something in it is none of what such files hold.
        OSError: the place cannot be written.
    """
    arrays: Arrays = {}
    text = json.dumps({_HEADER: dict(header), _VALUE: _plain(value, arrays)})
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, array in {_VALUE: np.frombuffer(text.encode(), np.uint8), **arrays}.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, array, allow_pickle=False)
            # An entry without a date: equal values, equal files.
            file.writestr(zipfile.ZipInfo(f"{name}.npy"), entry.getvalue(), zipfile.ZIP_DEFLATED)
    with claimed_file(path) as written:
        written.write(content.getvalue())


def header_of(path: Path) -> dict[str, str]:
    """Return what a file of a value says of itself.

    Raises:
        DataError: it is missing or damaged.
    """
    told, _ = _read(path)
    found: dict[str, str] = told[_HEADER]
    return found


def plain_value(path: Path) -> Any:  # noqa: ANN401  (any value)
    """Return the value of a file as its JSON says it, arrays by a digest of their content: equal for equal values.

    Raises:
        DataError: it is missing or damaged.
    """
    return _read(path)[0][_VALUE]


def read_value(path: Path, *, header: Mapping[str, str], classes: Sequence[type] = ()) -> Any:  # noqa: ANN401
    """Return the value of a file that `write_value` wrote with the same header; arrays of one content are one array.

    Args:
        path: of the file.
        header: what it must say of itself.
        classes: dataclasses and enumerations that the value may be made of.

    Raises:
        DataError: it is missing or damaged, says something else of itself, or holds another class.
    """
    told, arrays = _read(path)
    if told[_HEADER] != dict(header):
        raise DataError(f"{path} must hold what was asked for; it says {told[_HEADER]}: remove it")
    try:
        return _built(told[_VALUE], arrays, {_name(one): one for one in classes})
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise DataError(f"{path} must be made of what was asked for; it is not: {error}") from None


def _read(path: Path) -> tuple[dict[str, Any], Arrays]:
    """Return what a file says, and its arrays by name."""
    try:
        with zipfile.ZipFile(path) as file:
            found = {name.removesuffix(".npy"): _array(file.read(name)) for name in file.namelist()}
        told = json.loads(found.pop(_VALUE).tobytes())
        return {_HEADER: told[_HEADER], _VALUE: told[_VALUE]}, found
    # What zipfile says of damage depends on where it is.
    except (OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, RecursionError) as error:
        raise DataError(f"{path} must be a whole file of a value; it cannot be read: {error}") from None
    except (zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} must be a whole file of a value; it cannot be read: {error}") from None


def _array(content: bytes) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return found


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _plain(value: Any, arrays: Arrays) -> Any:  # noqa: ANN401  (any value)
    """Return what JSON can say of a value; its arrays go into ``arrays``."""
    if isinstance(value, Enum):
        return {"enum": _name(type(value)), "name": value.name}
    if isinstance(value, np.generic):
        return {"scalar": _kept(np.asarray(value), arrays)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, torch.Tensor):
        return {"tensor": _kept(value.detach().cpu().numpy(), arrays)}
    if isinstance(value, np.ndarray):
        return {"array": _kept(value, arrays)}
    if isinstance(value, tuple | list):
        return {type(value).__name__: [_plain(each, arrays) for each in value]}
    if isinstance(value, dict):
        return {"dict": [[_plain(key, arrays), _plain(each, arrays)] for key, each in value.items()]}
    if is_dataclass(value):
        made_of = {f.name: _plain(getattr(value, f.name), arrays) for f in fields(value) if f.init}
        return {"of": _name(type(value)), "fields": made_of}
    raise TypeError(
        f"value must be made of numbers, text, arrays and dataclasses; got {type(value).__name__}"
    )


def _kept(array: npt.NDArray[Any], arrays: Arrays) -> str:
    """Put an array under a name that follows from its content."""
    array = np.array(array, order="C")
    name = sha256(repr((array.dtype.str, array.shape)).encode() + array.tobytes()).hexdigest()[:24]
    arrays[name] = array
    return name


def _built(plain: Any, arrays: Arrays, classes: Mapping[str, type]) -> Any:  # noqa: ANN401  (any value)
    if not isinstance(plain, dict):
        return plain
    kind, told = next(iter(plain.items()))
    if kind == "enum":
        return classes[told][plain["name"]]  # type: ignore[index]
    if kind == "scalar":
        return arrays[told][()]
    if kind == "tensor":
        return torch.from_numpy(arrays[told].copy())
    if kind == "array":
        return arrays[told]
    if kind in ("tuple", "list"):
        found = [_built(each, arrays, classes) for each in told]
        return tuple(found) if kind == "tuple" else found
    if kind == "dict":
        return {_built(key, arrays, classes): _built(each, arrays, classes) for key, each in told}
    made_of = {name: _built(each, arrays, classes) for name, each in plain["fields"].items()}
    return classes[told](**made_of)

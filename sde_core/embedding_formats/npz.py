"""npz archives: stored arrays are memory-mapped, compressed ones are unpacked once."""

import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.base import Container
from sde_core.embedding_formats.gather import allocate
from sde_core.embedding_formats.npy import container_of, mapped_npy, npy_header
from sde_core.errors import DataError
from sde_core.files.mapped import check_regular
from sde_core.pairs.limits import allowed_unpacked

_LOCAL_HEADER = 30  # bytes before the name of a member, which comes twice in a zip file


def open_npz(path: Path) -> Container:
    """Return the arrays of an npz archive by name.

    Raises:
        DataError: not an archive, damaged or cut off, or an array of Python objects.
    """
    arrays: dict[str, npt.NDArray[Any] | DataError] = {}
    check_regular(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
            names = [m.filename.removesuffix(".npy") for m in members]
            _check_sizes(path, members)
            if len(set(names)) != len(names):
                raise DataError(f"{path} must name each array once; got {', '.join(sorted(names))}")
            for name, member in zip(names, members, strict=True):
                try:
                    arrays[name] = _array(path, archive, member)
                except DataError as error:  # the other arrays may still be all that is needed
                    arrays[name] = error
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
        raise DataError(f"{path} must be an npz archive; it is damaged or cut off: {error}") from None
    except (NotImplementedError, RuntimeError, OSError, OverflowError) as error:
        raise DataError(f"{path} must be an npz archive as numpy writes it: {error}") from None
    return container_of(arrays, str(path))


def _check_sizes(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive that unpacks to far more than its size: vectors hardly compress."""
    size, unpacked = path.stat().st_size, sum(m.file_size for m in members)
    if unpacked > allowed_unpacked(size):
        raise DataError(
            f"{path} declares {unpacked:,} bytes unpacked from {size:,}, more than a hundredfold: refused as a bomb"
        )


def _array(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    place = f"{path}, {member.filename.removesuffix('.npy')}"
    if member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1:
        with path.open("rb") as file:
            file.seek(member.header_offset)
            header = file.read(_LOCAL_HEADER)
            if len(header) < _LOCAL_HEADER:
                raise zipfile.BadZipFile("a member lies beyond the end")
            name, extra = struct.unpack("<HH", header[26:30])
        start = member.header_offset + _LOCAL_HEADER + name + extra
        return mapped_npy(path, place, start, member.file_size)
    return _unpacked(archive, member, place)


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: str) -> npt.NDArray[Any]:
    """Return a compressed array; no more than its header announces is ever unpacked."""
    with archive.open(member) as stream:
        shape, is_fortran, dtype = npy_header(stream, place)
        count = math.prod(shape)
        if count * dtype.itemsize > member.file_size:
            raise DataError(f"{place} is cut off: shape {shape} of {dtype}, {member.file_size} bytes")
        flat = allocate(count, 1, dtype)[:, 0] if count else np.empty(0, dtype)
        view, filled = memoryview(flat.view(np.uint8).data) if flat.nbytes else memoryview(b""), 0
        while filled < len(view):
            piece = stream.read(min(1 << 20, len(view) - filled))
            if not piece:
                raise DataError(f"{place} is cut off: {filled} bytes of {len(view)}")
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
    return flat.reshape(shape[::-1]).T if is_fortran else flat.reshape(shape)

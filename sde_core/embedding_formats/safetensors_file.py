"""safetensors files, small ones read whole, large ones memory-mapped; bfloat16 is read as float32."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sde_core.embedding_formats.base import (
    BLOCK_ROWS,
    Column,
    Container,
    Floats,
    Matrix,
    Table,
    check_vectors,
    matrix_of_array,
)
from sde_core.embedding_formats.quantised import are_whole_vectors, matrix_of_scaled, scale_of
from sde_core.embedding_formats.roles import is_index_name, normal
from sde_core.errors import DataError
from sde_core.files.mapped import check_regular, is_read_whole, path_to_map

if TYPE_CHECKING:
    from torch import Tensor


def open_safetensors(path: Path) -> Container:
    """Return the tensors of a safetensors file by name.

    Raises:
        DataError: not safetensors, or cut off.
    """
    from safetensors import SafetensorError, safe_open

    check_regular(path)
    try:
        with path_to_map(path) as place, safe_open(place, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if is_read_whole(path):
                tensors = {name: tensor.clone() for name, tensor in tensors.items()}
    except (OSError, SafetensorError, RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise DataError(f"{path} must be a safetensors file; it is damaged or cut off: {error}") from None
    matrices: dict[str, Matrix | DataError] = {}
    columns: dict[str, Table] = {}
    for name, tensor in tensors.items():
        is_whole = not tensor.is_floating_point() and not tensor.is_complex()
        if is_whole and tensor.ndim == 2 and are_whole_vectors(tensor.numpy(), is_index_name(name)):
            matrices[name] = _scaled(name, tensors, f"{path}, {name}")
            continue
        if tensor.ndim == 1 or (tensor.ndim == 2 and is_whole):
            columns[name] = _column(tensor, name, path)
            continue
        if not tensor.ndim and normal(name).endswith(("scale", "scales")):
            continue
        try:
            matrices[name] = _matrix(tensor, f"{path}, {name}")
        except DataError as error:
            matrices[name] = error
    return Container(place=str(path), matrices=matrices, columns=columns)


def _scaled(name: str, tensors: "dict[str, Tensor]", place: str) -> Matrix | DataError:
    scale = scale_of(name, tensors)
    try:
        array = tensors[name].numpy()
        return matrix_of_array(array, place) if scale is None else matrix_of_scaled(array, scale, place)
    except DataError as error:
        return error


def _column(tensor: "Tensor", name: str, path: Path) -> Table:
    def read(_: str) -> Column:
        return np.asarray(tensor.tolist())

    return Table(place=f"{path}, {name}", n_rows=len(tensor), names=(name,), read=read)


def _matrix(tensor: "Tensor", place: str) -> Matrix:
    import torch

    if tensor.dtype in (torch.float16, torch.float32, torch.float64) or not tensor.is_floating_point():
        try:
            return matrix_of_array(tensor.numpy(), place)
        except TypeError:  # a dtype that numpy does not have
            raise DataError(f"{place} must hold floating-point numbers; got {tensor.dtype}") from None
    if tensor.dtype != torch.bfloat16:
        raise DataError(f"{place} must be float16, bfloat16, float32 or float64; got {tensor.dtype}")
    dtype = check_vectors(tuple(tensor.shape), np.float32, place)

    def blocks() -> Iterator[Floats]:
        for start in range(0, len(tensor), BLOCK_ROWS):
            yield tensor[start : start + BLOCK_ROWS].float().numpy()

    return Matrix(place=place, shape=(tensor.shape[0], tensor.shape[1]), dtype=dtype, blocks=blocks)

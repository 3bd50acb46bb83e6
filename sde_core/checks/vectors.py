"""Input check at the border for one number per thing: per direction, per query, per item."""

import numpy as np
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import DataError


def as_vector(values: MatrixLike, name: str) -> Float[Tensor, " k"]:
    """Return ``values`` as a finite (q,) float64 tensor; lists are read in float64, not in torch's float32.

    Args:
        values: (q,) array, tensor or sequence; q may be 0.
        name: what the caller calls it, for the sentence.

    Raises:
        DataError: more or fewer dimensions than one, a dtype that is not a real number, or NaN or infinity.
    """
    vector = values if isinstance(values, Tensor) else np.asarray(values)
    if vector.ndim != 1:
        raise DataError(f"{name} must be a vector; got shape {tuple(vector.shape)}")
    # As a column: a bad entry is then named by its row.
    return as_matrix(vector[:, None], name)[:, 0].double() if len(vector) else _empty(vector)


def _empty(vector: Tensor | np.ndarray) -> Tensor:
    device = vector.device if isinstance(vector, Tensor) else None
    return Tensor().double().to(device)

"""The Tukey fence: what stands out from the bulk of a set of numbers."""

import torch
from jaxtyping import Float
from torch import Tensor


def tukey_fence(values: Float[Tensor, " k"]) -> float:
    """Return Q3 + 1.5 (Q3 - Q1) of ``values`` (k,); quartiles by linear interpolation.

    Source: docs/method.md, equation (2.7).

    >>> tukey_fence(torch.arange(5.0))
    6.0
    """
    quarter = torch.tensor([0.25, 0.75], dtype=torch.float64, device=values.device)
    low, high = torch.quantile(values.to(torch.float64), quarter).tolist()
    return float(high + 1.5 * (high - low))

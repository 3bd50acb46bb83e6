"""What `torch.compile` leaves as it stands: messages between ranks, and spectra in float64."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from torch._compile import _disable_dynamo

_Function = TypeVar("_Function", bound=Callable[..., Any])


def uncompiled(function: _Function) -> _Function:
    """Decorate a function as `torch.compiler.disable` does, but import the compiler only with the first call.

    The compiler takes longer to import than all of this library, and whoever reads a spectrum needs none. torch
    decorates its own optimisers in this way.
    """
    return cast("_Function", _disable_dynamo(function))

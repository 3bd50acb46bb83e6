"""Shapes in the signatures of `sde_core`, checked at every call of the test run.

Only annotations of jaxtyping are checked, such as ``Float[Tensor, "m n"]``: kinds are mypy's work, and tests
pass wrong kinds on purpose.
"""

import functools
import types
from collections.abc import Callable
from typing import Any, TypeVar

from beartype import beartype

Function = TypeVar("Function", bound=Callable[..., Any])


def checked(function: Function) -> Function:
    """Return ``function`` with its jaxtyping annotations enforced and the others dropped."""
    notes = getattr(function, "__annotations__", {})
    shaped = {name: note for name, note in notes.items() if "jaxtyping" in repr(note)}
    if not shaped or not isinstance(function, types.FunctionType):
        return function
    bare = types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    bare.__kwdefaults__ = function.__kwdefaults__
    bare.__annotations__ = shaped
    bare.__module__, bare.__qualname__ = function.__module__, function.__qualname__
    return functools.wraps(function)(beartype(bare))

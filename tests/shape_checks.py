"""Shapes in the signatures of `sde_core`, checked at every call of the test run.

Only annotations of jaxtyping are checked, such as ``Float[Tensor, "m n"]``: kinds are mypy's work, and tests
pass wrong kinds on purpose.
"""

import functools
import types
from collections.abc import Callable
from typing import Any, TypeVar

import jaxtyping
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


_wrapped = jaxtyping.jaxtyped


def shaped_only(made: Any = None, **settings: Any) -> Any:
    """Return what jaxtyping's import hook makes of a function or a dataclass; what names no shape stays as it is.

    The hook wraps every function, and a call of one then costs binding its arguments and two more calls, whether there
    is a shape to check or not. A note that is a string is left to jaxtyping, which reads it.
    """
    if made is None:
        return functools.partial(shaped_only, **settings)
    notes = getattr(made.__init__ if isinstance(made, type) else made, "__annotations__", {})
    is_shaped = any(isinstance(note, str) or "jaxtyping" in repr(note) for note in notes.values())
    return _wrapped(made, **settings) if is_shaped else made

"""A monitor that hears a module's calls: no line inside the loop (docs/watch.md)."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


class Hearer(Protocol):
    """What hears: `SpectralMonitor`."""

    def __call__(self, step: int, *, image: Tensor, text: Tensor, **scalars: Any) -> None:  # noqa: ANN401
        """Hear of a step."""

    def warn(self, sentence: str) -> None:
        """Warn once."""


_NAMES = (("image_features", "text_features"), ("image_embeds", "text_embeds"))  # open_clip's, transformers'


def attach(
    monitor: Hearer, module: nn.Module, *, calls_per_step: int, step: Callable[[], int] | None
) -> RemovableHandle:
    """Have a monitor hear every call of a module under gradients; see `SpectralMonitor.attach`."""
    n_calls = 0

    def hear(called: nn.Module, given: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:  # noqa: ANN401
        nonlocal n_calls
        if not torch.is_grad_enabled():  # an evaluation is no step
            return
        n_calls += 1
        found = features_of(given, named, output)
        if found is None:
            monitor.warn(
                f"{type(called).__name__} neither takes nor returns image and text features of two dimensions: attach "
                "the loss or the whole model, or call the monitor in the loop"
            )
            return
        image, text, scale = found
        now = (n_calls - 1) // calls_per_step + 1 if step is None else step()
        monitor(now, image=image, text=text, **({} if scale is None else {"logit_scale": scale}))

    return module.register_forward_hook(hear, with_kwargs=True)


def features_of(
    given: tuple[Any, ...],
    named: Mapping[str, Any],
    output: Any,  # noqa: ANN401
) -> tuple[Tensor, Tensor, Tensor | None] | None:
    """Return the image and text features of a call and its logit scale, or None where it has none.

    By name from what came out or went in, as open_clip and transformers call them; else the first two matrices of what
    went in, as losses take them, and the single number after them.
    """
    for place in (output, named):
        for names in _NAMES:
            image, text = (_named(place, name) for name in names)
            if _is_matrix(image) and _is_matrix(text) and len(image) == len(text):
                scale = _named(place, "logit_scale")
                return image, text, scale if isinstance(scale, Tensor) and scale.numel() == 1 else None
    if len(given) >= 2 and _is_matrix(given[0]) and _is_matrix(given[1]) and len(given[0]) == len(given[1]):
        scale = given[2] if len(given) > 2 else named.get("logit_scale")
        return given[0], given[1], scale if isinstance(scale, Tensor) and scale.numel() == 1 else None
    return None


def _named(place: Any, name: str) -> Any:  # noqa: ANN401
    return place.get(name) if isinstance(place, Mapping) else getattr(place, name, None)


def _is_matrix(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, Tensor) and value.ndim == 2 and value.is_floating_point()

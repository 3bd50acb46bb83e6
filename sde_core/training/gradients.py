"""The gradient of a contrastive loss on a whole batch, with as much memory as a part of it needs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from sde_core.losses.distributed import sum_over_ranks

Read: TypeAlias = Callable[[slice], tuple[Tensor, Tensor]]
"""Rows of the batch -> what the image and the text encoder take."""

Loss: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, dict[str, Tensor]]]
"""(image, text, scale, offset) -> loss and its parts."""


def whole_batch_gradients(
    forward: nn.Module,
    read: Read,
    loss: Loss,
    *,
    rows: int,
    parts: int,
    autocast: torch.dtype | None,
    seed: tuple[int, int, int],
    scaler: "torch.amp.GradScaler",
) -> tuple[Tensor, dict[str, Tensor]]:
    """Add the gradient of ``loss`` on all rows to the parameters' gradients and return the loss and its parts.

    With several parts every row passes twice, as in open_clip's accumulation: once for its vector, without
    a graph, then with one for the gradient of the loss in that vector. The loss itself is called once, so
    the result is that of one part but for the order of sums.

    Args:
        forward: a `DualModel`, possibly wrapped for several ranks.
        read: what enters for a range of rows.
        loss: of the whole batch.
        rows: of this rank's batch.
        parts: that the rows are cut into.
        autocast: type of mixed precision, or None.
        seed: numbers that name training, step and process; dropout draws the same in both passes.
        scaler: of the loss, for half precision.
    """
    size = -(-rows // parts)
    cuts = [slice(start, min(start + size, rows)) for start in range(0, rows, size)]
    if len(cuts) == 1:
        with _seeded(seed, 0):
            outputs = _outputs(forward, read(cuts[0]), autocast)
        total, found = loss(*outputs)
        if _is_finite(total):
            # An offset that the loss does not use still needs a gradient where processes wait for each one.
            torch.autograd.backward(scaler.scale(total + 0 * outputs[3].sum()))
        return total.detach(), found
    with torch.no_grad():
        kept = [_seeded_outputs(forward, read(cut), autocast, seed, i) for i, cut in enumerate(cuts)]
    leaves = [torch.cat([outputs[i] for outputs in kept]).requires_grad_() for i in (0, 1)]
    leaves += [x.detach().clone().requires_grad_() for x in kept[-1][2:]]
    total, found = loss(*leaves)
    if not _is_finite(total):
        return total.detach(), found
    slopes = torch.autograd.grad(scaler.scale(total), leaves, allow_unused=True)
    for i, cut in enumerate(cuts):
        is_last = i == len(cuts) - 1
        with nullcontext() if is_last else _without_messages(forward):
            outputs = _seeded_outputs(forward, read(cut), autocast, seed, i)
            _push_back(outputs, slopes, cut, with_scale=is_last)
    return total.detach(), found


def _push_back(
    outputs: tuple[Tensor, ...], slopes: tuple[Tensor | None, ...], cut: slice, *, with_scale: bool
) -> None:
    """Send the loss's gradients in the outputs back into the parameters."""
    ends, gradients = [], []
    for i, (output, slope) in enumerate(zip(outputs, slopes, strict=True)):
        if not output.requires_grad:
            continue
        mine = torch.zeros_like(output) if slope is None else slope[cut] if i < 2 else slope
        ends.append(output)
        # The temperature has its whole gradient already: it is sent once.
        gradients.append(mine if i < 2 or with_scale else torch.zeros_like(mine))
    torch.autograd.backward(ends, gradients)


def _seeded_outputs(
    forward: nn.Module,
    inputs: tuple[Tensor, Tensor],
    autocast: torch.dtype | None,
    seed: tuple[int, int, int],
    i: int,
) -> tuple[Tensor, ...]:
    with _seeded(seed, i):
        return _outputs(forward, inputs, autocast)


def _outputs(
    forward: nn.Module, inputs: tuple[Tensor, Tensor], autocast: torch.dtype | None
) -> tuple[Tensor, ...]:
    """Return vectors, scale and offset; the loss is computed in float32 whatever the model computes in."""
    images, texts = inputs
    with torch.autocast(images.device.type, dtype=autocast, enabled=autocast is not None):
        image, text, scale, bias = forward(images, texts)
    return image.float(), text.float(), scale.float(), bias.float()


@contextmanager
def _seeded(seed: tuple[int, int, int], part: int) -> Iterator[None]:
    """Have dropout draw what this part of this step draws, and leave the process's own numbers alone."""
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices):
        noise, step, process = seed
        mixed = noise * 0x9E3779B97F4A7C15 + step * 0xD1B54A32D192ED03 + process * 0x8CB92BA72F3D8DD7 + part
        torch.manual_seed(mixed % 2**63)
        yield


def _is_finite(total: Tensor) -> bool:
    """Return whether the loss is finite on every process: all go on or none."""
    return bool(torch.isfinite(sum_over_ranks(total.detach())))


def _without_messages(forward: nn.Module) -> Any:  # noqa: ANN401
    """Return a context in which a wrapped model keeps its gradients to itself."""
    return forward.no_sync() if isinstance(forward, DistributedDataParallel) else nullcontext()

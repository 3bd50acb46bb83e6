"""The layers of a model, found by what runs when it encodes: one vector of each for an image or a caption."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sde_core.encoders import Encoder
from sde_core.errors import EncoderError
from sde_core.vocabulary import Modality

OUTPUT = "output"
"""Name of the last layer: the unit vectors that the encoder gives."""

_MASKED_COLUMNS = 5  # of patches in rows: mask and grid stand behind the values


@dataclass(frozen=True, slots=True, kw_only=True)
class Tower:
    """The layers that one modality goes through, the output last.

    Attributes:
        side: its modality.
        names: of the modules, in the order in which they run, and "output".
        widths: of their vectors.
        batch_axes: axis of the items in what each module returns.
    """

    side: Modality
    names: tuple[str, ...]
    widths: tuple[int, ...]
    batch_axes: tuple[int, ...]


def tower_of(encoder: Encoder, side: Modality) -> Tower:
    """Return the layers of a modality: repeated blocks of one class, those that are in no other block.

    One grey image or one word goes through the model, and what runs is taken: any model of open_clip, timm or
    transformers.

    Raises:
        EncoderError: nothing of the kind runs.
    """
    given = probe_input(encoder, side)
    with _heard(_blocks(encoder.model)) as heard:
        output = encode(encoder, side, given)
    found = {name: made for name, made in heard.items() if made.ndim in (2, 3, 4)}
    if not found:
        raise EncoderError(
            f"{encoder.name} must be a model with layers that can be read, blocks of one class in a list; its {side} "
            "tower has none: encode with it and compare the vectors"
        )
    axes = [0 if made.shape[0] == 1 or made.ndim != 3 else 1 for made in found.values()]
    widths = [pooled(made, axis).shape[1] for made, axis in zip(found.values(), axes, strict=True)]
    return Tower(
        side=side,
        names=(*found, OUTPUT),
        widths=(*widths, output.shape[1]),
        batch_axes=(*axes, 0),
    )


def layer_vectors(encoder: Encoder, tower: Tower, given: Tensor) -> list[Tensor]:
    """Return an (n, width) matrix of each layer, the mean over its places that are no padding.

    Args:
        encoder: whose tower it is.
        tower: of `tower_of`.
        given: n prepared images, or the tokens of n captions.
    """
    blocks = {name: encoder.model.get_submodule(name) for name in tower.names[:-1]}
    with _heard(blocks) as heard:
        output = encode(encoder, tower.side, given)
    real = real_places(given, tower.side)
    made = [
        pooled(heard[name], axis, real)
        for name, axis in zip(tower.names[:-1], tower.batch_axes[:-1], strict=True)
    ]
    return [*made, output]


def encode(encoder: Encoder, side: Modality, given: Tensor) -> Tensor:
    """Return the encoder's unit vectors of prepared images or tokens."""
    if side == Modality.IMAGE:
        return encoder.encode_images(given)
    return encoder.encode_tokens(given)


def probe_input(encoder: Encoder, side: Modality) -> Tensor:
    """Return one grey image, prepared, or the tokens of one word."""
    from PIL import Image

    if side == Modality.IMAGE:
        return encoder.preprocess(Image.new("RGB", (64, 64), "grey"))[None]
    return encoder.tokenizer(["a picture"])


def pooled(made: Tensor, batch_axis: int, real: Bool[Tensor, "n t"] | None = None) -> Float[Tensor, "n d"]:
    """Return the mean over the places of what a block returned: tokens of a caption, patches, cells of a map.

    Args:
        made: (n, d); (n, t, d) or (t, n, d); (n, d, h, w) or, where h = w is no width, (n, h, w, d).
        batch_axis: 0 or 1, of three axes.
        real: places that are no padding; those that the model adds behind them count.
    """
    made = made.float()
    if made.ndim == 2:
        return made
    if made.ndim == 4:
        places = (1, 2) if made.shape[1] == made.shape[2] != made.shape[3] else (2, 3)
        return made.mean(dim=places)
    rows = made.transpose(0, 1) if batch_axis == 1 else made
    if real is None or real.shape[1] > rows.shape[1]:
        return rows.mean(dim=1)
    more = rows.shape[1] - real.shape[1]
    weight = nn.functional.pad(real.to(rows), (0, more), value=1.0)[..., None]
    return (rows * weight).sum(dim=1) / weight.sum(dim=1)


def real_places(given: Tensor, side: Modality) -> Bool[Tensor, "n t"] | None:
    """Return which places of a model's input are no padding; None where there is none.

    Of tokens without a mask, equal ones at the end of a caption are padding, if there are at least two.
    """
    if side == Modality.IMAGE:
        if given.ndim != 3:
            return None
        return given[..., given.shape[-1] - _MASKED_COLUMNS] > 0.5
    if given.ndim == 3 and given.shape[-1] > 1:
        return given[..., 1] > 0
    tokens = given[..., 0] if given.ndim == 3 else given
    differs = (tokens != tokens[:, -1:]).flip(1)
    # Places behind the last token that differs from the final one: a run of one is a token.
    run = torch.where(differs.any(1), differs.int().argmax(1), tokens.shape[1])
    run = torch.where((run == 1) | (run == tokens.shape[1]), 0, run)
    return torch.arange(tokens.shape[1], device=tokens.device) < (tokens.shape[1] - run)[:, None]


def _blocks(model: nn.Module) -> dict[str, nn.Module]:
    """Return by name the members of lists of one class that have parts themselves, the outermost ones."""
    found: dict[str, nn.Module] = {}

    def walk(name: str, module: nn.Module) -> None:
        children = list(module.named_children())
        is_list = isinstance(module, nn.ModuleList | nn.Sequential) and len(children) > isinstance(
            module, nn.Sequential
        )
        classes = {type(child) for _, child in children}
        if is_list and len(classes) == 1 and all(any(child.children()) for _, child in children):
            found.update({f"{name}.{own}": child for own, child in children})
            return
        for own, child in children:
            walk(f"{name}.{own}" if name else own, child)

    walk("", model)
    return found


@contextmanager
def _heard(blocks: dict[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Yield what blocks return while their model runs, in the order in which they end."""
    heard: dict[str, Tensor] = {}

    def listen(name: str) -> Callable[..., None]:
        def keep(_module: nn.Module, _given: object, made: object) -> None:
            first = made[0] if isinstance(made, tuple) and made else made
            if isinstance(first, Tensor):
                heard[name] = first

        return keep

    hooks = [block.register_forward_hook(listen(name)) for name, block in blocks.items()]
    try:
        yield heard
    finally:
        for hook in hooks:
            hook.remove()

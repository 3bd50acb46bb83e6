"""Loading: where it is, its parts, its device and precision; no code of an encoder is ever run."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch

from sde_core.checks.device import resolve_device
from sde_core.encoders.encoder import DTYPES, Encoder, Precision, weights_digest
from sde_core.encoders.hub_files import fetched
from sde_core.encoders.memory import fitting_precision
from sde_core.encoders.opened import Opened, opened
from sde_core.encoders.resolve import Source, resolve
from sde_core.errors import ConfigError
from sde_core.files.hub import quiet_bars


def load_encoder(
    name: str | Path = "bundled",
    *,
    pretrained: str | Path | None = None,
    device: str | torch.device = "auto",
    precision: Precision | Literal["auto"] = "auto",
) -> Encoder:
    """Return an encoder, ready to encode.

    Args:
        name: "bundled"; an open_clip architecture with a pretrained tag, "ViT-B-32/laion2b_s34b_b79k";
            "hf-hub:organisation/model"; a folder with open_clip_config.json, weights and, where the model has
            a tokenizer of its own, the tokenizer's files; a folder that transformers or sentence-transformers
            wrote of a CLIP, SigLIP or SigLIP 2; a model in the hub's cache; an architecture, by name or as its
            json, with ``pretrained``; or a checkpoint whose settings stand beside it.
        pretrained: a tag of that architecture, or a checkpoint file (safetensors, or a .pt, .pth, .bin or .ckpt
            that holds nothing but tensors and plain values); prefixes of trainers are taken off.
        device: "auto", "cpu", "cuda" or "cuda:N".
        precision: arithmetic of the model; "auto" is "fp32" unless the weights then take more than half of
            the free memory.

    Returns:
        Encoder: in eval mode; ``remarks`` says what was assumed, resized or left out.

    Raises:
        EncoderError: unknown name or tag (the closest are offered), weights or a tokenizer that cannot be
            fetched, a checkpoint of another architecture (the one that fits is named where shapes tell), or an
            encoder that would need code of its own.
        ConfigError: unknown device or precision.
    """
    if precision not in ("auto", *DTYPES):
        raise ConfigError(f"precision must be auto, fp32, fp16 or bf16; got {precision!r}")
    place = resolve_device(device)
    with quiet_open_clip(), quiet_bars():
        source = resolve(str(name), None if pretrained is None else str(pretrained))
        source = fetched(source) if source.repository else source
        parts = _opened(source)
    model = parts.model
    chosen = fitting_precision(model, place) if precision == "auto" else precision
    digest = weights_digest(model) if chosen != "fp32" else ""
    return Encoder(
        name=source.label,
        model=model.to(place, DTYPES[chosen]).eval(),
        preprocess=parts.preprocess,
        tokenizer=parts.tokenizer,
        device=place,
        precision=chosen,
        weights_digest=digest,
        origin=parts.origin,
        remarks=parts.remarks,
    )


def _opened(source: Source) -> Opened:
    """Return model, preprocessing and tokenizer, in float32 on the CPU."""
    if source.kind == "transformers":
        from sde_core.encoders.transformers_model import opened_transformers

        return opened_transformers(source)
    return opened(source)


@contextmanager
def quiet_open_clip() -> Iterator[None]:
    """Keep open_clip's own warnings out of the terminal: what matters is raised."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)

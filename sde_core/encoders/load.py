"""Loading: the tokenizer first, then the model, then its precision; what goes wrong is explained."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from sde_core.device import resolve_device
from sde_core.encoders import explain
from sde_core.encoders.encoder import DTYPES, Encoder, Precision, weights_digest
from sde_core.encoders.memory import fitting_precision
from sde_core.encoders.resolve import Source, resolve
from sde_core.errors import ConfigError, EncoderError
from sde_core.files.hub import offline_when_unreachable


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
            a tokenizer of its own, the tokenizer's files; or an architecture alone with ``pretrained``.
        pretrained: a tag of that architecture, or a checkpoint file (safetensors, or a .pt that holds
            nothing but tensors and plain values, such as open_clip's own training writes).
        device: "auto", "cpu", "cuda" or "cuda:N".
        precision: arithmetic of the model; "auto" is "fp32" unless the weights then take more than half of
            the free memory.

    Returns:
        Encoder: in eval mode.

    Raises:
        EncoderError: unknown name or tag (the closest are offered), weights or a tokenizer that cannot be
            fetched, or a checkpoint of another architecture (the one that fits is named where shapes tell).
        ConfigError: unknown device or precision.
    """
    if precision not in ("auto", *DTYPES):
        raise ConfigError(f"precision must be auto, fp32, fp16 or bf16; got {precision!r}")
    place = resolve_device(device)
    source = resolve(str(name), None if pretrained is None else str(pretrained))
    model, preprocess, tokenizer = _create(source)
    chosen = fitting_precision(model, place) if precision == "auto" else precision
    digest = weights_digest(model) if chosen != "fp32" else ""
    return Encoder(
        name=source.label,
        model=model.to(place, DTYPES[chosen]).eval(),
        preprocess=preprocess,
        tokenizer=tokenizer,
        device=place,
        precision=chosen,
        weights_digest=digest,
    )


def _create(source: Source) -> tuple[nn.Module, Any, Any]:
    """Return model, preprocessing and tokenizer, in float32 on the CPU."""
    with _quiet_open_clip(), offline_when_unreachable(explain.needs_hub(source)):
        if source.is_local:  # a tokenizer that is missing is found before large weights are read
            tokenizer = _tokenizer(source)
            model, preprocess = _model(source)
        else:
            model, preprocess = _model(source)
            tokenizer = _tokenizer(source)
    return model, preprocess, tokenizer


def _tokenizer(source: Source) -> Any:  # noqa: ANN401
    import open_clip

    try:
        return open_clip.get_tokenizer(source.architecture)
    except Exception as error:
        # Loaders and hub clients raise many kinds (HTTP, timeouts, assertions): to the user they are one.
        raise EncoderError(explain.no_tokenizer(source, error)) from error


def _model(source: Source) -> tuple[nn.Module, Any]:
    try:
        model, _, preprocess = _built_either_way(source)
    except ImportError as error:
        raise EncoderError(f"{source.label} needs a package that is not installed: {error}") from None
    except Exception as error:
        raise EncoderError(explain.no_model(source, error)) from error
    return model, preprocess


def _built_either_way(source: Source) -> tuple[nn.Module, Any, Any]:
    """Return the model; a checkpoint with the text tower under "text." gets the class that has it there."""
    try:
        return _built(source)
    except Exception as error:
        if not explain.is_custom_text(source, error):
            raise
        return _built(source, custom_text=True)


def _built(source: Source, *, custom_text: bool = False) -> tuple[nn.Module, Any, Any]:
    import open_clip
    from open_clip.pretrained import get_pretrained_cfg

    tag = get_pretrained_cfg(source.architecture, source.weights or "")
    made: tuple[nn.Module, Any, Any] = open_clip.create_model_and_transforms(
        source.architecture,
        pretrained=source.weights,
        require_pretrained=True,
        pretrained_text=False,
        # The weights were trained with one activation: the tag knows which, and the name may say the other.
        force_quick_gelu=bool(tag.get("quick_gelu", False)),
        force_custom_text=custom_text,
    )
    return made


@contextmanager
def _quiet_open_clip() -> Iterator[None]:
    """Keep open_clip's own warnings out of the terminal: what matters is raised."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)

"""Low-rank changes of linear layers, by peft: added, and merged into the weights again."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from sde_core.errors import ConfigError, EncoderError

# What peft's attention has and its other layers have not.
_TAKES_APART = "unload_and_optionally_merge_module"


def add_lora(model: nn.Module, *, rank: int, seed: int) -> None:
    """Freeze ``model`` and add low-rank changes to the linear layers that were trainable, in place.

    The changes start at zero: the model's outputs stay as they are.

    Args:
        model: open_clip model whose trainable parameters say where.
        rank: of a change, at least 1.
        seed: of the first factor.

    Raises:
        ConfigError: peft is not installed.
        EncoderError: no layer of a kind that can be changed is trainable.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise ConfigError(
            "lora_rank needs the package peft: pip install -e .[lora] in a checkout, or lora_rank=0"
        ) from None
    targets = _targets(model)
    if not targets:
        raise EncoderError("lora_rank needs linear layers to change; the unlocked part of the model has none")
    model.requires_grad_(False)
    # Scaled by 1 whatever the rank, so that the rank alone does not change the step.
    config = LoraConfig(r=rank, lora_alpha=rank, lora_dropout=0.0, target_modules=targets)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(config, model)
    for layer in model.modules():
        if hasattr(layer, _TAKES_APART):
            kept = tuple(weight.detach().clone() for weight in _attention_weights(layer))
            layer._before = kept  # type: ignore[assignment]
            layer.register_forward_pre_hook(_restore_attention)


def merged(model: nn.Module) -> nn.Module:
    """Return a copy of ``model`` with its low-rank changes added into plain layers."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    plain = copy.deepcopy(model)
    outermost: list[str] = []
    for name, layer in list(plain.named_modules()):
        is_inner = any(name.startswith(f"{outer}.") for outer in outermost)
        if is_inner or not isinstance(layer, BaseTunerLayer):
            continue
        outermost.append(name)
        parent, _, child = name.rpartition(".")
        setattr(plain.get_submodule(parent), child, _whole(layer))
    return plain


def _whole(layer: Any) -> nn.Module:  # noqa: ANN401
    """Return the plain layer with its change added; attention knows how to take itself apart."""
    if hasattr(layer, _TAKES_APART):
        _restore_attention(layer)
        found: nn.Module = getattr(layer, _TAKES_APART)(merge=True, safe_merge=False, adapter_names=None)
        return found
    layer.merge()
    found = layer.get_base_layer()
    return found


def _restore_attention(layer: Any, *_: Any) -> None:  # noqa: ANN401
    """Put an attention's own weights back.

    peft adds the change before every pass and takes it off after it, which leaves the rounding behind: the
    weights would drift, and a resumed training would differ from one that was not interrupted.
    """
    with torch.no_grad():
        for weight, before in zip(_attention_weights(layer), layer._before, strict=True):
            weight.copy_(before)


def _attention_weights(layer: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    return layer.in_proj_weight, layer.out_proj.weight


def _targets(model: nn.Module) -> list[str]:
    """Return the names of trainable layers that peft can change and that hold nothing but themselves."""
    found: list[str] = []
    for name, module in model.named_modules():
        if any(name.startswith(f"{outer}.") for outer in found):
            continue  # inside an attention that is changed as one
        is_known = isinstance(module, nn.Linear | nn.MultiheadAttention) or (
            isinstance(module, nn.Conv2d) and module.groups == 1
        )
        if is_known and all(p.requires_grad for p in module.parameters()):
            found.append(name)
    return found

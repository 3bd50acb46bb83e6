"""AdamW in open_clip's groups, its schedule, and its state as named tensors."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sde_core.training.config import FinetuneConfig


def adamw(model: nn.Module, config: FinetuneConfig) -> torch.optim.AdamW:
    """Return AdamW over the trainable parameters; gains, biases and the temperature do not decay.

    Groups and their order are those of open_clip's training, so that its optimiser's state fits. All parameters are
    updated together, also on the CPU, where torch would take one after another: the same bits, sooner where they are
    many.
    """
    named = trainable(model)
    still = [p for name, p in named if never_decays(name, p)]
    rest = [p for name, p in named if not never_decays(name, p)]
    groups = [{"params": still, "weight_decay": 0.0}, {"params": rest, "weight_decay": config.weight_decay}]
    return torch.optim.AdamW(groups, lr=config.peak_rate, betas=(0.9, 0.98), eps=1e-6, foreach=True)


def trainable(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Return names and parameters that require a gradient, in the model's order."""
    return [(name, p) for name, p in model.named_parameters() if p.requires_grad]


def learning_rate(step: int, total_steps: int, config: FinetuneConfig) -> float:
    """Return the rate of the step after ``step`` steps: a linear rise, then a cosine toward 0."""
    rising = round(config.warmup * total_steps)
    if step < rising:
        return config.peak_rate * (step + 1) / rising
    return config.peak_rate * (1 + math.cos(math.pi * (step - rising) / (total_steps - rising))) / 2


def optimizer_tensors(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """Return the optimiser's memory by "<kind>.<parameter>"."""
    found: dict[str, Tensor] = {}
    for name, parameter in trainable(model):
        for kind, value in optimizer.state.get(parameter, {}).items():
            found[f"{kind}.{name}"] = torch.as_tensor(value).detach().clone()
    return found


def restore_optimizer(
    optimizer: torch.optim.Optimizer, model: nn.Module, tensors: Mapping[str, Tensor]
) -> None:
    """Take over what `optimizer_tensors` returned."""
    by_name = dict(trainable(model))
    for key, value in tensors.items():
        kind, _, name = key.partition(".")
        parameter = by_name[name]
        # AdamW counts steps on the CPU and keeps moments beside the parameter.
        place = torch.device("cpu") if kind == "step" else parameter.device
        optimizer.state[parameter][kind] = value.to(place).clone()


def never_decays(name: str, parameter: Tensor) -> bool:
    """Return whether open_clip's rule keeps a parameter from decaying."""
    return parameter.ndim < 2 or any(part in name for part in ("bn", "ln", "bias", "logit_scale"))

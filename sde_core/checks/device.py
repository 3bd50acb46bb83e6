"""Which device computes."""

import torch

from sde_core.errors import ConfigError


def resolve_device(device: str | torch.device = "auto") -> torch.device:
    """Return the device that ``device`` names; "auto" is the first GPU if there is one, else the CPU.

    Raises:
        ConfigError: an unknown name, or CUDA where there is none.
    """
    if str(device) == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError:
        raise ConfigError(f'device must be "auto", "cpu", "cuda" or "cuda:N"; got {device!r}') from None
    if found.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f'device must be available; got {device!r} and no CUDA: use "auto" or "cpu"')
    return found


def device_label(device: torch.device) -> str:
    """Return what people call a device: "CPU", or the GPU's name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()

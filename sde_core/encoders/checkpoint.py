"""Checkpoints: tensors by name, whatever trainer wrote them, under the names that open_clip gives them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sde_core.errors import EncoderError
from sde_core.files.mapped import check_regular, path_to_map
from sde_core.files.recognised import recognised

# Where trainers keep the weights in what they save; the first that is there is read.
_NESTS = (
    "state_dict", "model_state_dict", "model", "module", "net", "network", "weights",
    "state_dict_ema", "model_ema", "ema_state_dict", "ema", "model_ema_state_dict",
)  # fmt: skip
_AVERAGES = ("state_dict_ema", "model_ema", "ema_state_dict", "ema", "model_ema_state_dict")
# Names that compilers and wrappers put between a module and its parts.
_WRAPPERS = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"}
# What each model of open_clip has; what stands before it is where a trainer hung the model.
_ANCHORS = re.compile(
    r"(?:^|\.)(?=(?:visual\.|logit_scale$|token_embedding\.|text\.(?:token_embedding|transformer)\.))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Weights as they were read.

    Attributes:
        state: tensors by the names of open_clip's models.
        remarks: sentences on what was chosen or left out.
    """

    state: dict[str, Tensor]
    remarks: tuple[str, ...] = ()


def read_checkpoint(path: Path) -> Checkpoint:
    """Return the weights of a checkpoint; no code of it is run, whatever it holds.

    Raises:
        EncoderError: it holds no tensors by name, or is something else.
        DataError: it is a pipe, a socket or a device.
        OSError, RuntimeError, pickle.UnpicklingError, safetensors.SafetensorError: it cannot be read.
    """
    check_regular(path)
    with path.open("rb") as file:
        start = file.read(256)
    if start[8:9] != b"{" and (what := recognised(start)):
        raise EncoderError(f"the checkpoint {path} is {what}")
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        with path_to_map(path) as place:
            content: object = load_file(place)
    else:
        content = torch.load(path, map_location="cpu", weights_only=True)
    found, others = _weights(content)
    if not found:
        raise EncoderError(
            f"the checkpoint {path} holds no tensors by name; save it as "
            'torch.save({"state_dict": model.state_dict()}, ...) or safetensors'
        )
    remarks = (
        [f"{path.name} also holds averaged weights ({', '.join(others)}), which are not read"]
        if others
        else []
    )
    state, left = unprefixed(found)
    if left:
        shown = f"{', '.join(left[:3])}{' ...' if len(left) > 3 else ''}"
        remarks.append(
            f"{len(left)} tensors of {path.name} are no part of the model and are not read: {shown}"
        )
    return Checkpoint(state=state, remarks=tuple(remarks))


def unprefixed(state: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the entries under the names of open_clip's models, and the names of those left out.

    >>> unprefixed({"module._orig_mod.visual.proj": 1, "module._orig_mod.logit_scale": 2, "n_averaged": 3})
    ({'visual.proj': 1, 'logit_scale': 2}, ['n_averaged'])
    """
    plain = {_unwrapped(name): value for name, value in state.items()}
    counts = dict.fromkeys(_prefixes(plain), 0)
    for name in plain:
        for prefix in counts:
            counts[prefix] += name.startswith(prefix)
    if not counts or "" in counts:
        return plain, []
    # The model itself before an average of it that stands beside, then the one with most tensors.
    best = min(counts, key=lambda prefix: ("ema" in prefix, -counts[prefix]))
    found = {name.removeprefix(best): value for name, value in plain.items() if name.startswith(best)}
    return found, [name for name in plain if not name.startswith(best)]


def _weights(content: object) -> tuple[dict[str, Any], list[str]]:
    """Return the tensors of what was saved, and the names of averages that stand beside them."""
    if not isinstance(content, Mapping):
        return {}, []
    own = {
        name: value for name, value in content.items() if isinstance(name, str) and isinstance(value, Tensor)
    }
    nests = [name for name in _NESTS if isinstance(content.get(name), Mapping) and content[name]]
    if own and not (nests and len(own) < 3):  # `n_averaged` or a step beside the weights is no state
        return own, []
    for name in nests:
        found, _ = _weights(content[name])
        if found:
            return found, [other for other in nests if other in _AVERAGES and other != name]
    return own, []


def _unwrapped(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def _prefixes(names: Mapping[str, Any]) -> Iterator[str]:
    seen = set()
    for name in names:
        match = _ANCHORS.search(name)
        if match and (prefix := name[: match.end()]) not in seen:
            seen.add(prefix)
            yield prefix

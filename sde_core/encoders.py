"""Image-text encoders: the bundled one, any open_clip model, local checkpoints."""

import difflib
import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Literal

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from sde_core import bundled
from sde_core.device import resolve_device
from sde_core.errors import ConfigError, EncoderError
from sde_core.hub import hub_answers, offline_when_unreachable

if TYPE_CHECKING:
    from PIL.Image import Image

Precision = Literal["fp32", "fp16", "bf16"]
_CHECKPOINT_SUFFIXES = {".safetensors", ".pt", ".pth", ".bin"}


@dataclass(frozen=True, eq=False, kw_only=True)
class Encoder:
    """A model with its own preprocessing and tokenizer, on one device, in inference mode.

    Attributes:
        name: what to hand to `load_encoder` to load it again.
        model: open_clip model.
        preprocess: PIL picture -> (3, height, width) tensor.
        tokenizer: list of captions -> (k, context) token ids.
        device: where it computes.
        precision: "fp32", "fp16" or "bf16".
    """

    name: str
    model: nn.Module
    preprocess: "Callable[[Image], Tensor]"
    tokenizer: Callable[[Sequence[str]], Tensor]
    device: torch.device
    precision: Precision

    @cached_property
    def weights_sha256(self) -> str:
        """Hex digest of all weights by name, shape and content."""
        digest = hashlib.sha256()
        for key, tensor in sorted(self.model.state_dict().items()):
            digest.update(f"{key}{tuple(tensor.shape)}{tensor.dtype}".encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()

    @property
    def preprocessing(self) -> str:
        """The picture preprocessing in words, one line."""
        return " ".join(str(self.preprocess).split())

    def encode_images(self, pictures: Tensor) -> Tensor:
        """Return (k, d) float32 unit vectors of preprocessed pictures (k, 3, height, width)."""
        dtype = next(self.model.parameters()).dtype
        with torch.inference_mode():
            features = self.model.encode_image(pictures.to(self.device, dtype))  # type: ignore[operator]
            return nn.functional.normalize(features.float(), dim=-1)

    def encode_texts(self, captions: Sequence[str]) -> Tensor:
        """Return (k, d) float32 unit vectors of captions."""
        tokens = self.tokenizer(list(captions)).to(self.device)
        with torch.inference_mode():
            features = self.model.encode_text(tokens)  # type: ignore[operator]
            return nn.functional.normalize(features.float(), dim=-1)


def load_encoder(
    name: str | Path = "bundled",
    *,
    pretrained: str | Path | None = None,
    device: str | torch.device = "auto",
    precision: Precision = "fp32",
) -> Encoder:
    """Return an encoder, ready to encode.

    Args:
        name: "bundled"; an open_clip architecture with a pretrained tag, "ViT-B-32/laion2b_s34b_b79k";
            "hf-hub:organisation/model"; a folder with open_clip_config.json and weights; or an
            architecture alone with ``pretrained``.
        pretrained: a tag of that architecture, or a checkpoint file (safetensors, or a .pt that holds
            nothing but tensors).
        device: "auto", "cpu", "cuda" or "cuda:N".
        precision: arithmetic of the model.

    Returns:
        Encoder: in eval mode.

    Raises:
        EncoderError: unknown name or tag (the closest are offered), weights that cannot be fetched, or a
            checkpoint of another architecture.
        ConfigError: unknown device or precision.
    """
    if precision not in ("fp32", "fp16", "bf16"):
        raise ConfigError(f"precision must be fp32, fp16 or bf16; got {precision!r}")
    place = resolve_device(device)
    architecture, weights, label = _resolve(str(name), None if pretrained is None else str(pretrained))
    model, preprocess, tokenizer = _create(architecture, weights, label, place, precision)
    return Encoder(
        name=label,
        model=model.eval(),
        preprocess=preprocess,
        tokenizer=tokenizer,
        device=place,
        precision=precision,
    )


def local_encoders() -> tuple[str, ...]:
    """Return the names that load without a network: the bundled encoder."""
    return ("bundled",) if (bundled.encoder_folder() / "open_clip_config.json").is_file() else ()


def _resolve(name: str, pretrained: str | None) -> tuple[str, str | None, str]:
    """Return open_clip's model name, its pretrained argument, and the label that leads back here."""
    if name in ("bundled", bundled.ENCODER):
        return f"local-dir:{bundled.encoder_folder()}", None, "bundled"
    if name.startswith(("hf-hub:", "local-dir:")):
        return name, pretrained, name
    path = Path(name).expanduser()
    if path.is_dir():
        if not (path / "open_clip_config.json").is_file():
            raise EncoderError(
                f"{name} must hold open_clip_config.json and the weights; the config is missing"
            )
        return f"local-dir:{path}", None, name
    if path.is_file():
        raise EncoderError(
            f"{name} is a checkpoint without an architecture; pass the architecture as name and the file "
            f'as pretrained, such as load_encoder("ViT-B-32", pretrained="{name}")'
        )
    return _resolve_open_clip(name, pretrained)


def _resolve_open_clip(name: str, pretrained: str | None) -> tuple[str, str | None, str]:
    import open_clip

    architecture, slash, tag = name.partition("/")
    architecture = architecture.replace("@", "/")
    known = open_clip.list_models()
    if architecture not in known:
        close = difflib.get_close_matches(architecture, known, n=3, cutoff=0.4)
        hint = f"; closest: {', '.join(close)}" if close else ""
        raise EncoderError(
            f'name must be "bundled", a folder, "hf-hub:..." or an open_clip model; got {name!r}{hint}'
        )
    weights = pretrained or (tag if slash else None)
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if weights is None:
        more = f", ... {len(tags)} in all" if len(tags) > 5 else ""
        offer = f"one of {', '.join(tags[:5])}{more}" if tags else "none is published, give a checkpoint file"
        raise EncoderError(f"{architecture} needs weights: add a pretrained tag ({offer}) after a slash")
    label = f"{architecture}/{weights}"
    if Path(weights).suffix in _CHECKPOINT_SUFFIXES:
        if not Path(weights).expanduser().is_file():
            raise EncoderError(f"pretrained must be an existing checkpoint; there is no file {weights}")
        return architecture, str(Path(weights).expanduser()), label
    if weights not in tags:
        close = difflib.get_close_matches(weights, tags, n=3, cutoff=0.3) or tags[:5]
        offer = f"closest: {', '.join(close)}" if tags else "it has no published weights"
        raise EncoderError(f"pretrained must be a tag of {architecture}; got {weights!r}; {offer}")
    return architecture, weights, label


def _create(
    architecture: str, weights: str | None, label: str, device: torch.device, precision: Precision
) -> tuple[nn.Module, Any, Any]:
    import open_clip

    local = architecture.startswith("local-dir:") or Path(weights or "").is_file()
    try:
        with _quiet_open_clip(), offline_when_unreachable(not local):
            model, _, preprocess = open_clip.create_model_and_transforms(
                architecture,
                pretrained=weights,
                device=device,
                precision="fp32" if precision == "fp32" else f"pure_{precision}",
                require_pretrained=True,
                pretrained_hf=False,
            )
            tokenizer = open_clip.get_tokenizer(architecture)
    except ImportError as error:
        raise EncoderError(f"{label} needs a package that is not installed: {error}") from None
    except Exception as error:
        # Loaders and hub clients raise many kinds (HTTP, timeouts, assertions): to the user they are one.
        raise EncoderError(_unfit(label, error) if local else _unreachable(label, error)) from error
    return model, preprocess, tokenizer


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


def _unfit(label: str, error: Exception) -> str:
    """Return why a local checkpoint does not load."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    missing, unexpected, shape = (
        next((line for line in lines if line.startswith(start)), "")
        for start in ("Missing key", "Unexpected key", "size mismatch")
    )
    if isinstance(error, FileNotFoundError | OSError | SafetensorError | UnpicklingError | EOFError):
        return f"the checkpoint of {label} is damaged or missing: {lines[0] if lines else error}"
    if not (missing or unexpected or shape or isinstance(error, AssertionError | KeyError)):
        return f"{label} cannot be loaded: {lines[-1] if lines else type(error).__name__}"
    counts = f"{missing.count(chr(34)) // 2} tensors missing, {unexpected.count(chr(34)) // 2} not expected"
    detail = counts if missing or unexpected else (shape.rstrip(".") or lines[0])
    return f"{label} is a checkpoint of another architecture ({detail}); name the one that it was made with"


def _unreachable(label: str, error: Exception) -> str:
    """Return why weights of the hub do not arrive, and what loads without it."""
    if hub_answers():
        lines = str(error).strip().splitlines() or [type(error).__name__]
        reason = f"the hub does not give the weights of {label}: {lines[0].rstrip('. ')[:160]}"
    else:
        reason = f"the weights of {label} are not on this machine and the hub cannot be reached"
    return (
        f"{reason}; without it, use {', '.join((*local_encoders(), 'a local folder'))} or a checkpoint file"
    )

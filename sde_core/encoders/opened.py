"""Models in open_clip's layout: a source's settings, tokenizer and weights put together."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from sde_core.encoders import explain
from sde_core.encoders.bare_files import TOKENIZER_FILES
from sde_core.encoders.beside import Beside, settings_beside
from sde_core.encoders.build import built, completed, fill
from sde_core.encoders.checkpoint import Checkpoint, read_checkpoint
from sde_core.encoders.encoder import Origin
from sde_core.encoders.resolve import Source
from sde_core.encoders.settings import Settings, checked_architecture, checked_preprocessing, read_settings
from sde_core.encoders.shapes import shapes_of
from sde_core.encoders.tokenizer import Tokenizer, open_clip_tokenizer, tokenizer_place
from sde_core.encoders.twins import twin_remarks
from sde_core.errors import EncoderError
from sde_core.files.hub import offline_when_unreachable

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The parts of an encoder, float32 on the CPU.

    Attributes:
        model: with ``encode_image`` and ``encode_text``.
        preprocess: PIL image -> tensor.
        tokenizer: captions -> tensor.
        origin: what the model was made by.
        remarks: sentences on what was assumed, resized or left out.
    """

    model: nn.Module
    preprocess: "Callable[[Image], Tensor]"
    tokenizer: Tokenizer
    origin: Origin
    remarks: tuple[str, ...]


def opened(source: Source) -> Opened:
    """Return the parts of an encoder of open_clip.

    Raises:
        EncoderError: something is missing, damaged, unreachable, of another architecture, or asks for code.
    """
    settings, remarks = _settings(source)
    with offline_when_unreachable(_needs_hub(source, settings.architecture["text_cfg"])):
        return _put_together(source, settings, remarks)


def _put_together(source: Source, settings: Settings, remarks: list[str]) -> Opened:
    text = settings.architecture["text_cfg"]
    place = _tokenizer_place(source, text)
    tokenizer = _tokenizer(source, text, place)  # one that is missing is found before large weights are read
    found = _weights(source, settings)
    settings = completed(settings, found.state)
    model, resized = _model(source, settings, found.state)
    origin = Origin(architecture=settings.architecture, tokenizer=place, folder=source.folder)
    return Opened(
        model=model,
        preprocess=_preprocess(model),
        tokenizer=tokenizer,
        origin=origin,
        remarks=(*found.remarks, *remarks, *resized),
    )


def _needs_hub(source: Source, text: dict[str, Any]) -> bool:
    """Return whether weights, tokenizer or the config of a text tower come from the hub."""
    if not source.is_local or "hf_model_name" in text:
        return True
    return bool(text.get("hf_tokenizer_name")) and source.folder is None


def _settings(source: Source) -> tuple[Settings, list[str]]:
    """Return the settings of a source, from the file, the name and what stands beside the checkpoint."""
    import open_clip
    from open_clip.pretrained import get_pretrained_cfg

    if source.config is not None:
        settings = read_settings(source.config)
        beside = None if source.folder or source.checkpoint is None else settings_beside(source.checkpoint)
        return _beside(settings, beside) if beside and not settings.preprocessing else (settings, [])
    architecture = checked_architecture(open_clip.get_model_config(source.architecture), source.architecture)
    if source.tag:
        # The weights were trained with one activation: the tag knows which, and the name may say the other.
        tag = get_pretrained_cfg(source.architecture, source.tag)
        architecture |= {"quick_gelu": True} if tag.get("quick_gelu") else {}
        return Settings(architecture=architecture, preprocessing=checked_preprocessing(tag, source.label)), []
    settings = Settings(architecture=architecture)
    remarks: list[str] = []
    beside = settings_beside(source.checkpoint) if source.checkpoint else None
    if beside:
        settings, remarks = _beside(settings, beside, source.architecture)
    if not (beside and beside.architecture == source.architecture):
        said = bool(settings.preprocessing)
        remarks += twin_remarks(source.architecture, settings, said=said)
    return settings, remarks


def _beside(settings: Settings, beside: Beside, name: str = "") -> tuple[Settings, list[str]]:
    """Return settings with what stands beside the checkpoint, and that it was used."""
    architecture = dict(settings.architecture)
    if beside.config is not None:
        preprocessing = read_settings(beside.config).preprocessing
    else:
        preprocessing = checked_preprocessing(beside.preprocessing, str(beside.place))
        if beside.architecture == name:
            architecture = _changed(architecture, beside.changes)
    if not preprocessing and architecture == settings.architecture:
        return settings, []
    return (
        Settings(architecture=architecture, preprocessing=preprocessing),
        [f"how pictures are prepared was read from {beside.place}"] if preprocessing else [],
    )


def _changed(architecture: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return an architecture as open_clip's training changed it by its options."""
    found = {
        **architecture,
        "vision_cfg": dict(architecture["vision_cfg"]),
        "text_cfg": dict(architecture["text_cfg"]),
    }
    if changes.get("force_quick_gelu"):
        found["quick_gelu"] = True
    if changes.get("force_custom_text"):
        found["custom_text"] = True
    if size := changes.get("force_image_size"):
        found["vision_cfg"]["image_size"] = size[0] if isinstance(size, list) and len(size) == 1 else size
    if context := changes.get("force_context_length"):
        found["text_cfg"]["context_length"] = context
    return found


def _tokenizer_place(source: Source, text: dict[str, Any]) -> Path | None:
    beside = source.config.parent if source.config is not None else None
    if (
        beside is not None
        and source.folder is None
        and not any((beside / n).is_file() for n in TOKENIZER_FILES)
    ):
        beside = None  # an architecture's json alone: its tokenizer is known by its name
    try:
        return tokenizer_place(text, beside)
    except Exception as error:
        raise EncoderError(explain.no_tokenizer(source, text, error)) from error


def _tokenizer(source: Source, text: dict[str, Any], place: Path | None) -> Tokenizer:
    try:
        return open_clip_tokenizer(text, place, source.label, source.architecture)
    except EncoderError:
        raise
    except Exception as error:  # loaders raise many kinds: to the user they are one
        raise EncoderError(explain.no_tokenizer(source, text, error)) from error


def _weights(source: Source, settings: Settings) -> Checkpoint:
    path = source.checkpoint
    if path is None:
        from open_clip import factory

        try:
            tag = factory.get_pretrained_cfg(source.architecture, source.tag)
            path = Path(factory.download_pretrained(tag))
        except Exception as error:
            raise EncoderError(explain.unreachable(source, error)) from error
    try:
        return read_checkpoint(path)
    except EncoderError:
        raise
    except Exception as error:
        raise EncoderError(explain.unreadable(source, error)) from error


def _model(source: Source, settings: Settings, state: dict[str, Tensor]) -> tuple[nn.Module, list[str]]:
    try:
        model = built(settings, source.folder or (source.config.parent if source.config else None))
    except EncoderError:
        raise
    except ImportError as error:
        raise EncoderError(f"{source.label} needs a package that is not installed: {error}") from None
    except Exception as error:
        raise EncoderError(explain.not_built(source, settings.architecture["text_cfg"], error)) from error
    try:
        return model, fill(model, state)
    except Exception as error:
        raise EncoderError(explain.mismatch(source, shapes_of(state), error)) from error


def _preprocess(model: nn.Module) -> "Callable[[Image], Tensor]":
    from open_clip.transform import PreprocessCfg, image_transform_v2

    settings: Any = getattr(model.visual, "preprocess_cfg", {})
    made: Callable[[Image], Tensor] = image_transform_v2(PreprocessCfg(**settings), is_train=False)
    return made

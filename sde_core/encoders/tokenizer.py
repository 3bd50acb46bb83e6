"""Tokenizers: open_clip's own, or one of transformers from its files; code is never run."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from sde_core.encoders.bare_files import MODEL_CONFIG, TOKENIZER_FILES, bare_folder
from sde_core.encoders.settings import tokenizer_options
from sde_core.errors import EncoderError

Tokenizer = Callable[[Sequence[str]], Tensor]


def tokenizer_place(text: Mapping[str, Any], folder: Path | None) -> Path | None:
    """Return the folder that a tokenizer of transformers is read from; None for one of open_clip.

    Args:
        text: ``text_cfg`` of the architecture.
        folder: of the encoder; None where the tokenizer is known by its name on the hub.

    Raises:
        OSError: its files are not there and do not come from the hub.
    """
    name = text.get("hf_tokenizer_name")
    if not name:
        return None
    if folder is not None:
        return folder
    own = Path(name).expanduser()
    if own.is_dir():
        return own
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(name, allow_patterns=[*TOKENIZER_FILES, MODEL_CONFIG]))


def open_clip_tokenizer(text: Mapping[str, Any], place: Path | None, label: str, name: str = "") -> Tokenizer:
    """Return the tokenizer that goes with an architecture of open_clip.

    Args:
        text: ``text_cfg`` of the architecture.
        place: from `tokenizer_place`.
        label: what people call the encoder.
        name: of the architecture; open_clip takes a SigLIP without a tokenizer's name by its own.
    """
    from open_clip.tokenizer import DEFAULT_CONTEXT_LENGTH, HFTokenizer, SigLipTokenizer, SimpleTokenizer

    context = text.get("context_length", DEFAULT_CONTEXT_LENGTH)
    options = tokenizer_options(text, label)
    if place is None:
        if "siglip" in name.lower():
            words = "gemma" if "siglip2" in name.lower() else "mc4" if "i18n" in name.lower() else "c4-en"
            siglip: Tokenizer = SigLipTokenizer(words, context_length=context)
            return siglip
        simple: Tokenizer = SimpleTokenizer(context_length=context, **options)
        return simple
    with bare_folder(place, (*TOKENIZER_FILES, MODEL_CONFIG)) as bare:
        made: Tokenizer = HFTokenizer(
            str(bare),
            context_length=context,
            tokenizer_mode=text.get("tokenizer_mode"),
            trust_remote_code=False,
            local_files_only=True,
            **options,
        )
    if text.get("tokenizer_mode") != "clips":  # which pads by itself
        _check_padding(made.tokenizer, label)  # type: ignore[attr-defined]
    return made


def bare_tokenizer(place: Path) -> Any:  # noqa: ANN401
    """Return the tokenizer of transformers whose files lie in ``place``."""
    from transformers import AutoTokenizer

    with bare_folder(place, (*TOKENIZER_FILES, MODEL_CONFIG)) as bare:
        made = AutoTokenizer.from_pretrained(str(bare), trust_remote_code=False, local_files_only=True)
    _check_padding(made, str(place))
    return made


def _check_padding(tokenizer: Any, label: str) -> None:  # noqa: ANN401
    """Refuse a tokenizer that can only read captions of one length."""
    if tokenizer.pad_token is None:
        raise EncoderError(
            f"the tokenizer of {label} has no padding token: name one as pad_token in tokenizer_config.json"
        )

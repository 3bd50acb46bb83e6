"""An encoder's settings and vocabularies without its code: copied into a folder of their own, by name.

The libraries that read tokenizers and text towers run code where settings name some (``auto_map``) and somebody says
yes. Here they see a folder that holds no code, and settings that name none.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sde_core.encoders.settings import read_json, refuse_code
from sde_core.errors import EncoderError

TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "vocab.txt", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "sentencepiece.model", "tokenizer.model",
)  # fmt: skip
"""What a tokenizer may consist of."""

PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
"""What may say how images are prepared."""

MODEL_CONFIG = "config.json"

_LARGEST = 256 << 20  # a vocabulary of a quarter of a million words takes 35 MB
# Settings that name code, a kernel to be fetched or a way to load weights; what they stand beside works without.
_DROPPED = {
    "auto_map", "trust_remote_code", "custom_pipelines", "attn_implementation", "_attn_implementation",
    "_attn_implementation_internal", "experts_implementation", "quantization_config", "_name_or_path", "name_or_path",
    "tokenizer_file", "vocab_file", "merges_file", "use_kernels", "kernel_config", "base_model_name_or_path",
}  # fmt: skip
_VOCABULARIES = {"tokenizer.json", "vocab.json", "added_tokens.json"}


@contextmanager
def bare_folder(folder: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """Yield a temporary folder with those of ``names`` that ``folder`` holds, without what names code.

    Raises:
        EncoderError: settings ask for trust in code, or are no JSON.
    """
    with tempfile.TemporaryDirectory(prefix="sde-encoder-") as place:
        bare = Path(place)
        copy_bare(folder, bare, names)
        yield bare


def copy_bare(folder: Path, target: Path, names: tuple[str, ...]) -> list[str]:
    """Copy those of ``names`` that ``folder`` holds into ``target``, without what names code; return them.

    Raises:
        EncoderError: settings ask for trust in code, or are no JSON, or a file is too large.
    """
    copied = []
    for name in names:
        source = folder / name
        if not source.is_file():
            continue
        if source.stat().st_size > _LARGEST:
            raise EncoderError(f"{source} must be at most {_LARGEST >> 20} MiB; it is larger")
        if name.endswith(".json") and name not in _VOCABULARIES:
            (target / name).write_text(json.dumps(without_code(read_json(source), str(source))), "utf-8")
        else:
            shutil.copyfile(source, target / name)
        copied.append(name)
    return copied


def without_code(settings: dict[str, Any], label: str) -> dict[str, Any]:
    """Return a copy of ``settings`` without whatever names code, at any depth.

    Raises:
        EncoderError: they ask for trust in code.
    """
    refuse_code(settings, label)
    found = _pruned(settings)
    assert isinstance(found, dict)
    return found


def _pruned(content: object) -> object:
    if isinstance(content, dict):
        return {key: _pruned(value) for key, value in content.items() if key not in _DROPPED}
    if isinstance(content, list):
        return [_pruned(value) for value in content]
    return content

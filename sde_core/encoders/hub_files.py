"""An encoder of the hub on this machine: the files that are read, and no code among them."""

from pathlib import Path

from sde_core.encoders import explain
from sde_core.encoders.bare_files import MODEL_CONFIG, PROCESSOR_FILES, TOKENIZER_FILES
from sde_core.encoders.folders import CONFIG, MODULES
from sde_core.encoders.resolve import Source, in_folder
from sde_core.errors import EncoderError
from sde_core.files.hub import offline_when_unreachable

_BELOW = "0_CLIPModel"  # where older versions of sentence-transformers put a model
_SETTINGS = (MODEL_CONFIG, *TOKENIZER_FILES, *PROCESSOR_FILES)
_WEIGHTS = ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json")
_OLD_WEIGHTS = ("pytorch_model.bin", "pytorch_model-*.bin", "pytorch_model.bin.index.json")


def fetched(source: Source) -> Source:
    """Return a source of the hub as the folder of its cache, in open_clip's layout or that of transformers.

    Raises:
        EncoderError: it does not arrive, or is no encoder.
    """
    with offline_when_unreachable():
        try:
            folder = _fetched(source.repository)
        except Exception as error:  # hub clients raise many kinds: to the user they are one
            raise EncoderError(explain.unreachable(source, error)) from error
    return in_folder(folder, source.label)


def _fetched(repository: str) -> Path:
    from huggingface_hub import snapshot_download
    from open_clip.factory import download_pretrained_from_hf

    def fetch(*names: str) -> Path:
        return Path(
            snapshot_download(repository, allow_patterns=[*names, *(f"{_BELOW}/{name}" for name in names)])
        )

    folder = fetch(CONFIG, MODULES, *_SETTINGS)
    if (folder / CONFIG).is_file():
        download_pretrained_from_hf(repository)
        return folder
    fetch(*_WEIGHTS)
    if not any(any(place.glob("model*.safetensors")) for place in (folder, folder / _BELOW)):
        fetch(*_OLD_WEIGHTS)
    return folder

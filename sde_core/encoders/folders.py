"""Folders that hold an encoder, as the tools of the field leave them."""

from pathlib import Path

from sde_core.encoders.bare_files import MODEL_CONFIG
from sde_core.encoders.settings import read_json
from sde_core.errors import EncoderError

CONFIG = "open_clip_config.json"
CHECKPOINT_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
ADAPTER = "adapter_config.json"  # of PEFT
MODULES = "modules.json"  # of sentence-transformers

# As open_clip chooses among several.
_PREFERRED = (
    "open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth", "model.safetensors", "pytorch_model.bin", "pytorch_model.pth", "model.pth",
)  # fmt: skip
TWO_TOWERS = ("clip", "siglip", "siglip2")
"""Kinds of models of transformers that are encoders of images and captions."""


def is_hub_cache(path: Path) -> bool:
    """Return whether a folder is one model in the cache of the hub's client, or that of several."""
    return (path / "snapshots").is_dir() or any(path.glob("models--*"))


def inner_folder(path: Path, label: str) -> Path:
    """Return the folder with the config of a model, below a hub's cache or in sentence-transformers' layout.

    Raises:
        EncoderError: there is none, or it is of a kind that is no encoder.
    """
    if is_hub_cache(path):
        path = _snapshot(path, label)
        if (path / CONFIG).is_file():
            return path
    if (path / MODULES).is_file():
        path = _first_module(path, label)
    if (path / ADAPTER).is_file() and not (path / MODEL_CONFIG).is_file():
        raise EncoderError(
            f"{label} holds an adapter (PEFT) without its model: merge the two with merge_and_unload(), and save "
            "model and processor by save_pretrained"
        )
    if not (path / MODEL_CONFIG).is_file():
        raise EncoderError(
            f"{label} must hold {CONFIG} and the weights, or what save_pretrained of a CLIP or SigLIP of "
            "transformers or sentence-transformers writes; the config is missing"
        )
    kind = read_json(path / MODEL_CONFIG).get("model_type")
    if kind not in TWO_TOWERS:
        raise EncoderError(
            f"{label} must hold a model with two towers, {', '.join(TWO_TOWERS)}, or {CONFIG} and the weights; its "
            f"{MODEL_CONFIG} is of the kind {kind!r}: wrap another one by Encoder.from_callables"
        )
    return path


def weights_in(folder: Path, label: str) -> Path:
    """Return the weights' file beside open_clip's config, the one that open_clip takes.

    Raises:
        EncoderError: there is none, or it cannot be told.
    """
    found = [
        p for p in sorted(folder.iterdir()) if p.suffix in CHECKPOINT_SUFFIXES and not p.name.startswith(".")
    ]
    usual = [p for p in found if p.suffix in (".safetensors", ".bin", ".pth")]
    if usual:
        return min(usual, key=_preference)
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(p.name for p in found[:4])
        raise EncoderError(
            f"{label} holds {len(found)} checkpoints ({names}): say which, as load_encoder({str(folder / CONFIG)!r}, "
            f"pretrained={str(found[-1])!r})"
        )
    raise EncoderError(
        f"{label} must hold the weights beside {CONFIG}, as one of *{', *'.join(CHECKPOINT_SUFFIXES)}; there are none"
    )


def _preference(path: Path) -> tuple[int, bool, str]:
    place = _PREFERRED.index(path.name) if path.name in _PREFERRED else len(_PREFERRED)
    return place, path.suffix != ".safetensors", path.name


def _snapshot(path: Path, label: str) -> Path:
    """Return the files of a model in a hub's cache: those of main, or the only ones."""
    if not (path / "snapshots").is_dir():
        models = sorted(p.name for p in path.glob("models--*"))
        if len(models) != 1:
            raise EncoderError(
                f"{label} is a cache of {len(models)} models: name one of {', '.join(models[:4])} in it"
            )
        path = path / models[0]
    snapshots = sorted(p for p in (path / "snapshots").glob("*") if p.is_dir())
    main = path / "refs" / "main"
    if (
        main.is_file()
        and (chosen := path / "snapshots" / main.read_bytes().decode("utf-8", "replace").strip()) in snapshots
    ):
        return chosen
    if len(snapshots) != 1:
        raise EncoderError(
            f"{label} holds {len(snapshots)} versions of a model and none is main: name one below snapshots"
        )
    return snapshots[0]


def _first_module(path: Path, label: str) -> Path:
    """Return the folder of the model in sentence-transformers' list of modules."""
    import json

    try:
        modules = json.loads((path / MODULES).read_text("utf-8"))
        kinds = [str(module["type"]) for module in modules]
        first = path / str(modules[0]["path"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise EncoderError(
            f"{path / MODULES} must be sentence-transformers' list of modules: {error}"
        ) from None
    foreign = [kind for kind in kinds if not kind.startswith("sentence_transformers.")]
    if foreign:
        raise EncoderError(
            f"{label} names code of its own ({foreign[0]!r:.120}), which is never run: wrap it by "
            "Encoder.from_callables"
        )
    others = [kind.rpartition(".")[2] for kind in kinds[1:]]
    if kinds[0].rpartition(".")[2] not in ("CLIPModel", "Transformer") or set(others) - {"Normalize"}:
        raise EncoderError(
            f"{label} must be a CLIP or SigLIP of sentence-transformers; its modules are "
            f"{', '.join(repr(kind.rpartition('.')[2])[:120] for kind in kinds[:8])}: wrap it by Encoder.from_callables"
        )
    if not first.resolve().is_relative_to(path.resolve()):
        raise EncoderError(
            f"{path / MODULES} must name folders inside {label}; got {str(modules[0]['path'])!r:.120}"
        )
    return first

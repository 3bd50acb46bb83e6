"""Where a visitor's words may lead: paths below the given folders, bundled sets, a hub. No streamlit here."""

import json
import os
import re
from pathlib import Path

from sde_core import DataError
from sde_core.encoders.bare_files import MODEL_CONFIG
from sde_core.encoders.folders import CONFIG, MODULES, is_hub_cache
from sde_core.files import bundled
from sde_core.files.place import check_place
from sde_core.pairs.braces import expand_braces
from sde_core.sets.store import MANIFEST
from sde_explorer.serving.policy import current

BUNDLED_RUNS = "bundled"
"""What is asked for to see the watched trainings that ship with the project."""
_MARKS = (CONFIG, MODEL_CONFIG, MODULES)
READ_ONLY = "this server only shows: encoding, uploading and training are switched off"
"""Said where something would be written."""


def check_source(source: str, own: Path | None = None) -> str:
    """Return ``source``, if this server may open it: a bundled set, a path below a root, a name on a hub.

    Whether a forbidden path exists is not told.

    Args:
        source: as `open_pairs` or `open_embeddings` takes it; empty is nothing, and allowed.
        own: folder of the visitor's own sets and uploads, which is always open.

    Raises:
        DataError: it may not.
    """
    check_place(source, "path")
    if not source or (current().roots is None and current().hub):
        return source
    if source.partition("/")[0] in bundled.PAIR_SETS and ".." not in source.split("/"):
        return source
    if source.startswith("hf://"):
        _check_hub()
        return source
    for path in (source, *expand_braces(source)):  # a file may have braces in its name
        _check_path(path, own)
    folder = Path(source).expanduser()
    if (folder / MANIFEST).exists():  # readers of pairs and of other vectors follow no link that leads out
        _check_links(folder, own)
    return source


def check_encoder(name: str, own: Path | None = None) -> str:
    """Return the name of an encoder, if this server may load it.

    Args:
        name: as `load_encoder` takes it.
        own: as for `check_source`.

    Raises:
        DataError: it may not.
    """
    policy = current()
    check_place(name, "encoder")
    if name in ("", "bundled", bundled.ENCODER) or (policy.roots is None and policy.hub):
        return name
    import open_clip

    from sde_core.encoders.folders import CHECKPOINT_SUFFIXES

    config, is_json, weights = name.partition(".json/")
    if is_json:  # an architecture of one's own with a checkpoint: two files
        _check_path(weights, own)
        _check_files(f"{config}.json", own)
        return name
    architecture, _, weights = name.partition("/")
    is_model = architecture.replace("@", "/") in open_clip.list_models()
    if is_model and Path(weights).suffix in CHECKPOINT_SUFFIXES:
        _check_path(weights, own)
    elif is_model or name.startswith("hf-hub:"):
        _check_hub()
    if not (is_model or name.startswith("hf-hub:")) or Path(name).exists():
        _check_files(name.removeprefix("local-dir:"), own)
    return name


def place_of_runs(asked: str, own: Path) -> Path:
    """Return the folder or file of runs that a visitor names, if this server may open it.

    Args:
        asked: a path; one that is not absolute counts from the folders that this server opens, first come. Or
            `BUNDLED_RUNS`.
        own: folder of the visitor's own files, which is always open.

    Raises:
        DataError: it may not.
    """
    if asked.strip() == BUNDLED_RUNS:
        return bundled.watched_folder()
    roots = current().roots
    check_place(asked.strip(), "path")
    path = Path(asked.strip()).expanduser()
    if roots and not path.is_absolute():
        path = next((root / path for root in roots if (root / path).exists()), roots[0] / path)
    _check_path(str(path), own)
    return path


def may_open(path: Path, own: Path) -> bool:
    """Return whether this server may open a path, which a link may lead out of its folders."""
    try:
        _check_path(str(path), own)
    except DataError:
        return False
    return True


def check_writing() -> None:
    """Raise DataError where this server only shows."""
    if current().read_only:
        raise DataError(READ_ONLY)


def _check_hub() -> None:
    if not current().hub:
        raise DataError("this server fetches nothing from a hub: take what is bundled")


def _check_path(path: str, own: Path | None) -> None:
    """Raise DataError for a path that leads out, by its own words or by a link on its way."""
    roots = current().roots
    if roots is None:
        return
    check_place(path, "path")
    allowed = [*roots, *((own,) if own is not None else ()), *_bundled()]
    # What a pattern matches lies below the part before its first sign.
    plain = re.split(r"[*?\[]", os.path.expanduser(path), maxsplit=1)[0]
    try:
        real = Path(plain).resolve()
    except (OSError, ValueError, RuntimeError):
        real = None
    if ".." in Path(path).parts or real is None or not any(real.is_relative_to(r.resolve()) for r in allowed):
        where = " and ".join(map(str, roots)) or "no folder of its disk"
        raise DataError(
            f"this server opens {where}, the bundled sets and your own uploads; {' '.join(path.split())} is not among "
            "them: whoever runs it may name more folders with --root"
        )


def _check_files(encoder: str, own: Path | None) -> None:
    """Raise DataError for an encoder that leads out: by its path, a link in its folder, or a path in its settings."""
    _check_path(encoder, own)
    place = Path(encoder).expanduser()
    if place.is_dir() and not (is_hub_cache(place) or any((place / name).exists() for name in _MARKS)):
        return  # no encoder: whoever loads it says so, and a large folder is not walked through
    _check_links(place, own)
    beside = [place if place.suffix == ".json" else place.parent / CONFIG]
    for config in place.rglob(CONFIG) if place.is_dir() else beside:
        for name in _names_in(config):
            is_path = name.startswith(("/", "~", "\\")) or ".." in Path(name).parts
            if is_path or (Path(name).exists() and not (config.parent / name).exists()):
                _check_path(name, own)


def _check_links(folder: Path, own: Path | None) -> None:
    """Raise DataError for a link below a folder that leads out."""
    for path in folder.rglob("*"):
        if path.is_symlink():
            _check_path(str(path), own)


def _names_in(config: Path) -> list[str]:
    """Return where an architecture's settings say that its text tower and its tokenizer are."""
    try:
        content = json.loads(config.read_text("utf-8"))
        text = content.get("model_cfg", content)["text_cfg"]
        return [str(text[key]) for key in ("hf_model_name", "hf_tokenizer_name") if text.get(key)]
    except (OSError, ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return []  # whoever loads it says what is wrong


def _bundled() -> list[Path]:
    try:
        return [bundled.data_folder()]
    except DataError:
        return []

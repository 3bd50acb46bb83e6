"""From what people call an encoder to where its settings and weights lie; nothing is fetched."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sde_core.encoders.beside import settings_beside
from sde_core.encoders.folders import CHECKPOINT_SUFFIXES, CONFIG, inner_folder, is_hub_cache, weights_in
from sde_core.errors import DataError, EncoderError
from sde_core.files import bundled
from sde_core.files.place import check_place

Kind = Literal["open_clip", "transformers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a model comes from.

    Attributes:
        label: what leads back here.
        kind: whose layout it has.
        architecture: a name that open_clip knows, where the settings are known by one.
        config: the file that holds the settings, where they are in one.
        folder: what holds everything, where one folder does.
        repository: of the hub, where everything is there.
        tag: of published weights.
        checkpoint: the weights' file, where it is on this machine.
    """

    label: str
    kind: Kind = "open_clip"
    architecture: str = ""
    config: Path | None = None
    folder: Path | None = None
    repository: str = ""
    tag: str = ""
    checkpoint: Path | None = None

    @property
    def is_local(self) -> bool:
        """Whether the weights lie on this machine."""
        return self.folder is not None or self.checkpoint is not None


def local_encoders() -> tuple[str, ...]:
    """Return the names that load without a network: the bundled encoder."""
    return ("bundled",) if (bundled.encoder_folder() / CONFIG).is_file() else ()


def resolve(name: str, pretrained: str | None) -> Source:
    """Return where ``name`` and ``pretrained`` point.

    Raises:
        EncoderError: nothing of that name (the closest are offered), or the two do not go together.
    """
    if name in ("bundled", bundled.ENCODER):
        _refuse_pretrained(name, pretrained)
        return in_folder(bundled.encoder_folder(), "bundled")
    if name.startswith("callables:"):
        raise EncoderError(
            f"{name} is made of two functions and cannot be loaded by its name: hand over the encoder"
        )
    for place in (name.removeprefix("local-dir:"), pretrained or ""):
        try:
            check_place(place, "name")
        except DataError as error:
            raise EncoderError(str(error)) from None
    if name.startswith("hf-hub:"):
        if not name.removeprefix("hf-hub:").strip("/ "):
            raise EncoderError(
                f"name must say which model of the hub, as hf-hub:organisation/model; got {name!r}"
            )
        _refuse_pretrained(name, pretrained)
        return Source(label=name, repository=name.removeprefix("hf-hub:"))
    path = Path(name.removeprefix("local-dir:")).expanduser()
    if path.is_dir():
        _refuse_pretrained(name, pretrained)
        return in_folder(path, name)
    config, json, weights = name.partition(".json/")
    if json and pretrained is None:
        return _of_file(Path(f"{config}.json").expanduser(), weights)
    if path.is_file() and path.suffix == ".json":
        return _of_file(path, pretrained)
    if path.is_file():
        return _of_checkpoint(path, name, pretrained)
    return _of_open_clip(name, pretrained)


def in_folder(path: Path, label: str) -> Source:
    """Return what a folder holds: open_clip's layout, that of transformers, sentence-transformers or the hub's cache.

    Raises:
        EncoderError: something is missing.
    """
    if is_hub_cache(path):
        path = inner_folder(path, label)
    if (path / CONFIG).is_file():
        checkpoint = weights_in(path, label)
        return Source(label=label, config=path / CONFIG, folder=path, checkpoint=checkpoint)
    return Source(label=label, kind="transformers", folder=inner_folder(path, label))


def _refuse_pretrained(name: str, pretrained: str | None) -> None:
    if pretrained is not None:
        raise EncoderError(f"{name} brings its own weights; leave pretrained out, got {pretrained!r}")


def _of_file(config: Path, weights: str | None) -> Source:
    """Return an architecture's json with a checkpoint."""
    if not config.is_file():
        raise EncoderError(f"name must be an existing architecture; there is no file {config}")
    if weights is None:
        raise EncoderError(
            f"{config} is an architecture without weights; pass the checkpoint as pretrained, such as "
            f'load_encoder("{config}", pretrained="epoch_2.pt")'
        )
    return Source(label=f"{config}/{weights}", config=config, checkpoint=_existing(weights))


def _of_checkpoint(path: Path, name: str, pretrained: str | None) -> Source:
    """Return a checkpoint whose architecture stands beside it."""
    beside = settings_beside(path)
    if pretrained is None and path.suffix in CHECKPOINT_SUFFIXES and beside is not None:
        if beside.config is not None:
            return Source(label=name, config=beside.config, checkpoint=path)
        if beside.architecture:
            source = _of_open_clip(beside.architecture, name)
            return Source(label=name, architecture=source.architecture, checkpoint=source.checkpoint)
    if path.suffix not in CHECKPOINT_SUFFIXES:
        raise EncoderError(
            f"{name} must be a checkpoint of PyTorch, one of *{', *'.join(CHECKPOINT_SUFFIXES)}, a folder or an "
            f"architecture's json; *{path.suffix} is not read: name what it was exported from"
        )
    raise EncoderError(
        f"{name} is a checkpoint without an architecture; pass the architecture (a name or its json) as name and the "
        f'file as pretrained, such as load_encoder("ViT-B-32", pretrained="{name}")'
    )


def _of_open_clip(name: str, pretrained: str | None) -> Source:
    import open_clip

    architecture, slash, tag = name.partition("/")
    architecture = architecture.replace("@", "/").replace("/", "-")
    known = open_clip.list_models()
    if architecture not in known:
        close = difflib.get_close_matches(architecture, known, n=3, cutoff=0.4)
        hint = f"; closest: {', '.join(close)}" if close else ""
        raise EncoderError(
            f'name must be "bundled", a folder, an architecture\'s json, "hf-hub:..." or an open_clip model; '
            f"got {name!r}{hint}"
        )
    weights = pretrained or (tag if slash else None)
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if weights is None:
        more = f", ... {len(tags)} in all" if len(tags) > 5 else ""
        offer = f"one of {', '.join(tags[:5])}{more}" if tags else "none is published, give a checkpoint file"
        raise EncoderError(f"{architecture} needs weights: add a pretrained tag ({offer}) after a slash")
    label = f"{architecture}/{weights}"
    if Path(weights).suffix in CHECKPOINT_SUFFIXES:
        return Source(label=label, architecture=architecture, checkpoint=_existing(weights))
    if weights not in tags:
        close = difflib.get_close_matches(weights, tags, n=3, cutoff=0.3) or tags[:5]
        offer = f"closest: {', '.join(close)}" if tags else "it has no published weights"
        raise EncoderError(f"pretrained must be a tag of {architecture}; got {weights!r}; {offer}")
    return Source(label=label, architecture=architecture, tag=weights)


def _existing(weights: str) -> Path:
    path = Path(weights).expanduser()
    if not path.is_file():
        raise EncoderError(f"pretrained must be an existing checkpoint; there is no file {weights}")
    if path.suffix not in CHECKPOINT_SUFFIXES:
        raise EncoderError(f"pretrained must be one of *{', *'.join(CHECKPOINT_SUFFIXES)}; got {weights}")
    return path

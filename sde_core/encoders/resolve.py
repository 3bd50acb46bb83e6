"""From what people call an encoder to an architecture and its weights."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from sde_core.errors import EncoderError
from sde_core.files import bundled

CONFIG = "open_clip_config.json"
CHECKPOINT_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
# What open_clip looks for in a folder; it does not see .pt there.
_FOLDER_SUFFIXES = (".safetensors", ".bin", ".pth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a model comes from.

    Attributes:
        architecture: open_clip's model name, with "local-dir:" or "hf-hub:" where it is one.
        weights: a pretrained tag, the path of a checkpoint, or None where the architecture brings its own.
        label: what leads back here.
    """

    architecture: str
    weights: str | None
    label: str

    @property
    def folder(self) -> Path | None:
        """The folder of a local model."""
        kind, _, rest = self.architecture.partition(":")
        return Path(rest) if kind == "local-dir" else None

    @property
    def checkpoint(self) -> Path | None:
        """The checkpoint file, where it is local."""
        if self.folder is not None:
            found = sorted(p for p in self.folder.iterdir() if p.suffix in _FOLDER_SUFFIXES)
            return min(found, key=lambda p: (p.suffix != ".safetensors", p.name), default=None)
        is_file = self.weights is not None and Path(self.weights).suffix in CHECKPOINT_SUFFIXES
        return Path(self.weights) if is_file and self.weights else None

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
        return Source(architecture=f"local-dir:{bundled.encoder_folder()}", weights=None, label="bundled")
    if name.startswith("hf-hub:"):
        _refuse_pretrained(name, pretrained)
        return Source(architecture=name, weights=None, label=name)
    path = Path(name.removeprefix("local-dir:")).expanduser()
    if path.is_dir():
        _refuse_pretrained(name, pretrained)
        return _resolve_folder(path, name)
    if path.is_file():
        raise EncoderError(
            f"{name} is a checkpoint without an architecture; pass the architecture as name and the file "
            f'as pretrained, such as load_encoder("ViT-B-32", pretrained="{name}")'
        )
    return _resolve_open_clip(name, pretrained)


def _refuse_pretrained(name: str, pretrained: str | None) -> None:
    if pretrained is not None:
        raise EncoderError(f"{name} brings its own weights; leave pretrained out, got {pretrained!r}")


def _resolve_folder(path: Path, name: str) -> Source:
    if not (path / CONFIG).is_file():
        raise EncoderError(f"{name} must hold {CONFIG} and the weights; the config is missing")
    source = Source(architecture=f"local-dir:{path}", weights=None, label=name)
    if source.checkpoint is None:
        others = [p.name for p in sorted(path.iterdir()) if p.suffix in CHECKPOINT_SUFFIXES]
        hint = f"; rename {others[0]} to {Path(others[0]).stem}.pth" if others else ""
        raise EncoderError(
            f"{name} must hold the weights beside {CONFIG}, as one of *{', *'.join(_FOLDER_SUFFIXES)}; "
            f"there are none{hint}"
        )
    return source


def _resolve_open_clip(name: str, pretrained: str | None) -> Source:
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
    if Path(weights).suffix in CHECKPOINT_SUFFIXES:
        path = Path(weights).expanduser()
        if not path.is_file():
            raise EncoderError(f"pretrained must be an existing checkpoint; there is no file {weights}")
        return Source(architecture=architecture, weights=str(path), label=label)
    if weights not in tags:
        close = difflib.get_close_matches(weights, tags, n=3, cutoff=0.3) or tags[:5]
        offer = f"closest: {', '.join(close)}" if tags else "it has no published weights"
        raise EncoderError(f"pretrained must be a tag of {architecture}; got {weights!r}; {offer}")
    return Source(architecture=architecture, weights=weights, label=label)

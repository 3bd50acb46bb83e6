"""A first look at what a user names: pairs or vectors, in which format, the first ten pairs with their pictures."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import sde_core as sde
from sde_core.embedding_formats import FORMATS, EmbeddingFacts, describe_embeddings
from sde_core.files import bundled
from sde_core.pairs import Skipped, detect_format, format_names
from sde_explorer.intake.thumbnail import thumbnail_of
from sde_explorer.serving.places import check_source

N_SHOWN = 10
COUNTED_BYTES = 2 << 30
"""Sets up to this size are counted at once; larger ones while they are encoded."""
DETECT = "detect"
_VECTOR_SUFFIXES = {".npy", ".npz", ".safetensors", ".pt", ".pth", ".pkl", ".bin"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPair:
    """One of the first pairs.

    Attributes:
        id: of the pair.
        captions: the primary one first.
        picture: small WebP, or None.
        problem: why there is no picture.
    """

    id: str
    captions: tuple[str, ...]
    picture: bytes | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsFound:
    """Pairs that can be encoded.

    Attributes:
        source: as `open_pairs` takes it.
        format: as `open_pairs` takes it, if it was named.
        root: where a table's pictures lie, as `open_pairs` takes ``image_root``; empty is its own folder.
        kind: name of the format.
        shown: the first ten.
        count: usable pairs, or None where the set is too large to be counted now.
        skipped: items left out so far; all of them where the set was counted.
        has_classes: whether it has classes and prompts for zero-shot classification.
    """

    source: str
    format: str
    root: str = ""
    kind: str
    shown: tuple[ShownPair, ...]
    count: int | None
    skipped: tuple[Skipped, ...]
    has_classes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorsFound:
    """Vectors of pictures and captions that can be opened.

    Attributes:
        source: as `open_embeddings` takes it.
        format: one of `FORMATS`, if it was named.
        facts: from the headers; None where they cannot be made sense of yet.
        problem: why not, as one sentence; what else is needed can be given with a `VectorRequest`.
    """

    source: str
    format: str
    facts: EmbeddingFacts | None
    problem: str = ""


Found = PairsFound | VectorsFound


def format_choices() -> tuple[str, ...]:
    """Return what `look` takes as format: "detect", and each kind of pairs and of vectors by name."""
    return (DETECT, *(f"pairs: {name}" for name in format_names()), *(f"vectors: {name}" for name in FORMATS))


def look(source: str, format: str = DETECT, *, root: str = "", own: Path | None = None) -> Found:
    """Return what lies at ``source``; vectors are known by their headers, pairs by reading the first ten.

    Args:
        source: a path, a bundled set, a pattern of shards, a hub name.
        format: one of `format_choices`.
        root: folder of the pictures that a table names, where it is not the table's; then these are pairs.
        own: folder of the visitor, which is open to them whatever the server's rules are.

    Raises:
        SDEError: nothing there, it cannot be read as what it is, or this server does not open it.
    """
    source, root = check_source(source.strip(), own), check_source(root.strip(), own)
    if not source:
        raise sde.DataError("the source must be a path, a bundled set or a hub name; got nothing")
    kind, _, name = format.partition(": ")
    if kind == "pairs" or root:
        return _pairs(source, name if kind == "pairs" else "", root)
    if kind == "vectors":
        return _vectors(source, name)
    path = Path(source).expanduser()
    if source.partition("/")[0] in bundled.PAIR_SETS or not path.exists():
        return _pairs(source, "")
    if _are_vectors(path):
        return _vectors(source, "")
    try:
        return VectorsFound(source=source, format="", facts=describe_embeddings(source))
    except sde.SDEError:
        return _pairs(source, "")


def _are_vectors(path: Path) -> bool:
    """Return whether names alone say that there are vectors."""
    names = [path.name, *(p.name for p in path.iterdir())] if path.is_dir() else [path.name]
    return any(Path(name).suffix in _VECTOR_SUFFIXES or name in ("img_emb", "text_emb") for name in names)


def _vectors(source: str, format: str) -> VectorsFound:
    named = next((known for known in FORMATS if known == format), None)
    try:
        facts = describe_embeddings(source, format=named)
    except sde.DataError as error:
        if not Path(source).expanduser().exists():
            raise
        return VectorsFound(source=source, format=format, facts=None, problem=str(error))
    return VectorsFound(source=source, format=format, facts=facts)


def _pairs(source: str, format: str, root: str = "") -> PairsFound:
    pairs = sde.open_pairs(source, format or None, image_root=root or None)
    shown = tuple(_shown(pair) for pair in islice(iter(pairs), N_SHOWN))
    count = len(shown) if len(shown) < N_SHOWN else None
    if count is None and _size(Path(source).expanduser()) <= COUNTED_BYTES:
        count = len(pairs)
    if count == 0:
        first = next((f"; the first: {s.item}: {s.reason}" for s in pairs.skipped), "")
        raise sde.DataError(f"{source} must hold at least one usable pair; it has none{first}")
    return PairsFound(
        source=source,
        format=format,
        root=root,
        kind=format or detect_format(source) or "bundled",
        shown=shown,
        count=count,
        skipped=pairs.skipped,
        has_classes=pairs.classification is not None,
    )


def _shown(pair: sde.Pair) -> ShownPair:
    try:
        return ShownPair(id=pair.id, captions=pair.captions, picture=thumbnail_of(pair.read_image()))
    except sde.DataError as error:
        return ShownPair(id=pair.id, captions=pair.captions, problem=str(error))


def _size(path: Path) -> int:
    """Return the bytes at a path, or of the files below it until there are too many."""
    if not path.is_dir():
        return path.stat().st_size if path.is_file() else 0
    total = 0
    for number, file in enumerate(path.rglob("*")):
        total += file.stat().st_size if file.is_file() else 0
        if total > COUNTED_BYTES or number > 200_000:
            return COUNTED_BYTES + 1
    return total

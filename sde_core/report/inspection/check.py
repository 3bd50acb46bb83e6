"""Anything on disk opened as pairs or as vectors, with what it holds and what is odd about it."""

from pathlib import Path

from sde_core.embedding_formats import describe_embeddings
from sde_core.embedding_formats.detect import detected
from sde_core.errors import DataError
from sde_core.pairs import detect_format, open_pairs
from sde_core.report.inspection.findings import CheckReport
from sde_core.report.inspection.pairs_check import check_pairs
from sde_core.report.inspection.vectors_check import check_vectors


def check_path(
    path: str | Path,
    *,
    format: str | None = None,
    image_root: str | Path | None = None,
    compare_encoder: bool = True,
) -> CheckReport:
    """Return what lies at a path, pairs or vectors, opened as the other calls open it, and what is odd about it.

    Every caption and every picture is read once; of vectors each is compared with its nearest.

    Args:
        path: what `open_pairs` or `open_embeddings` takes.
        format: of pairs, where it should not be detected.
        image_root: of pairs, as `open_pairs` takes it.
        compare_encoder: whether the encoder that vectors name, if it is on this machine, encodes a few again.

    Raises:
        DataError: it is neither.
    """
    name = str(path)
    if format is not None or image_root is not None or _are_pairs(name):
        return check_pairs(name, open_pairs(name, format, image_root=image_root), format)
    return check_vectors(name, compare_encoder=compare_encoder)


def _are_pairs(name: str) -> bool:
    """Return whether pairs are there; where both can be read, a file that has vectors of both modalities is vectors.

    Raises:
        DataError: neither is there; the sentence is that of the vectors where their format was known.
    """
    path = Path(name).expanduser()
    if not path.exists():
        return True  # a bundled set, a pattern, a hub name, or nothing: the reader of pairs says so
    try:
        facts = describe_embeddings(name)
    except DataError:
        return detect_format(name) is not None or not _has_vectors(path)
    has_both = not {"image", "text"} & set(facts.missing)
    return not has_both and _opens_as_pairs(name)


def _has_vectors(path: Path) -> bool:
    try:
        detected(path)
    except DataError:
        return False
    return True


def _opens_as_pairs(name: str) -> bool:
    try:
        return next(iter(open_pairs(name)), None) is not None
    except DataError:
        return False

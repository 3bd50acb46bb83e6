"""Anything on disk opened as pairs or as vectors, with what it holds and what is odd about it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sde_core.embedding_formats import describe_embeddings, open_embeddings
from sde_core.embedding_formats.detect import detected
from sde_core.errors import ConfigError, DataError
from sde_core.pairs import detect_format, open_pairs
from sde_core.report.inspection.against import leaks_of_pairs, leaks_of_vectors
from sde_core.report.inspection.findings import CheckReport
from sde_core.report.inspection.odd import Odd
from sde_core.report.inspection.pairs_check import check_pairs, seen_of
from sde_core.report.inspection.vectors_check import check_vectors


def check_path(
    path: str | Path,
    *,
    format: str | None = None,
    image_root: str | Path | None = None,
    compare_encoder: bool = True,
    against: str | Path | None = None,
) -> CheckReport:
    """Return what lies at a path, pairs or vectors, opened as the other calls open it, and what is odd about it.

    Every caption and every image is read once; of vectors each is compared with its nearest.

    Args:
        path: what `open_pairs` or `open_embeddings` takes.
        format: of pairs, where it should not be detected.
        image_root: of pairs, as `open_pairs` takes it.
        compare_encoder: whether the encoder that vectors name, if it is on this machine, encodes a few again.
        against: another set of the same kind, such as the training split: what of ``path`` is there, too, is a leak,
            by the bytes, hashes and captions of pairs, or by the cosines of vectors.

    Raises:
        DataError: it is neither.
        ConfigError: ``against`` is of another kind, or has vectors of another width.
    """
    name = str(path)
    are_pairs = format is not None or image_root is not None or _are_pairs(name)
    if against is not None and are_pairs != _are_pairs(str(against)):
        kinds = ("pairs", "vectors") if are_pairs else ("vectors", "pairs")
        raise ConfigError(f"against must hold {kinds[0]}, as {name} does; {against} holds {kinds[1]}")
    if are_pairs:
        pairs = open_pairs(name, format, image_root=image_root)
        seen = seen_of(pairs)
        report = check_pairs(name, pairs, format, seen)
        there = None if against is None else seen_of(open_pairs(str(against), image_root=image_root))
        return report if there is None else _with(report, leaks_of_pairs(seen, there))
    embeddings = open_embeddings(name)
    report = check_vectors(name, compare_encoder=compare_encoder, embeddings=embeddings)
    return (
        report
        if against is None
        else _with(report, leaks_of_vectors(embeddings, open_embeddings(str(against))))
    )


def _with(report: CheckReport, found: Sequence[Odd]) -> CheckReport:
    """Return a report with what was found by a comparison, beside what it has of the same kind."""
    odd = {each.kind: each for each in report.odd}
    for each in found:
        before = odd.get(each.kind)
        odd[each.kind] = each if before is None else before.joined(each)
    return replace(report, odd=tuple(odd.values()))


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

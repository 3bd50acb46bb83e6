"""What work on a set holds at one time: known from its counts before anything is computed."""

from sde_core.files.memory import check_fits
from sde_core.sets.embeddings import EmbeddingSet

_FLOAT64 = 8
# Square matrices that the sums, the solver with its workspace and the result take, and blocks of rows with them.
_SQUARES, _BLOCKS = 10, 24 << 20
# Copies in float64 of the rows of a sample, and what ranks hold of their scores.
_COPIES, _SCORES = 10, 96 << 20


def check_spectrum(embeddings: EmbeddingSet, budget: int | None) -> None:
    """Refuse spectra that need more than the budget.

    Raises:
        ConfigError: even one block of rows and the matrices of the solver are more.
    """
    check_fits(
        spectrum_bytes(embeddings.width),
        budget,
        f"a block of rows and the matrices of {embeddings.width} x {embeddings.width} numbers take that",
        "open narrower vectors",
    )


def check_retrieval(embeddings: EmbeddingSet, budget: int | None) -> None:
    """Refuse ranks of a whole gallery that need more than the budget.

    Raises:
        ConfigError: unit vectors of both galleries are more.
    """
    needed = retrieval_bytes(embeddings.n_images + embeddings.n_texts, embeddings.width)
    check_fits(
        needed,
        budget,
        f"ranks hold unit vectors of {embeddings.n_images:,} pictures and {embeddings.n_texts:,} captions",
        "evaluate a part of the set",
    )


def check_report(embeddings: EmbeddingSet, n_sampled: int, budget: int | None) -> None:
    """Refuse a report that needs more than the budget.

    Args:
        embeddings: of the report.
        n_sampled: images whose rows are compared with each other.
        budget: bytes.

    Raises:
        ConfigError: the sample and the matrices are more.
    """
    captions = embeddings.n_texts / max(1, embeddings.n_images)
    rows = min(n_sampled, embeddings.n_images) * (1 + captions)
    needed = spectrum_bytes(embeddings.width) + rows * embeddings.width * _FLOAT64 * _COPIES + _SCORES
    check_fits(
        needed,
        budget,
        f"copies of {int(rows):,} rows and the matrices take that",
        "report on a part of the set",
    )


def spectrum_bytes(width: int) -> int:
    """Return what the spectrum of any number of rows holds."""
    return _SQUARES * width * width * _FLOAT64 + _BLOCKS


def retrieval_bytes(rows: float, width: int) -> float:
    """Return what ranks of so many rows of both sides hold."""
    return 1.5 * rows * width * 4 + _SCORES

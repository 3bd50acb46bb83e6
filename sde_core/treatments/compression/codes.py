"""What is stored of a vector, and how queries are scored against it."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import DataError
from sde_core.files.in_order import rows_in_order
from sde_core.retrieval.ranking import BlockScore, Score
from sde_core.treatments.compression.axes import CompressionMap
from sde_core.vocabulary import Direction, Modality

Code = Literal["float32", "float16", "int8", "1bit"]
CODES: tuple[Code, ...] = get_args(Code)
BITS: dict[Code, int] = {"float32": 32, "float16": 16, "int8": 8, "1bit": 1}

FAISS: dict[Code, str] = {"float32": "Flat", "float16": "SQfp16", "int8": "SQ8", "1bit": "LSH"}
"""What `faiss.index_factory` makes a code of: "LSH" are signs, compared by Hamming distance."""

Progress: TypeAlias = Callable[[str, int, int], None]

FILL_ROWS = 8_192
"""Rows that are coded at a time."""

_FIRST = 10.0  # added to cosines of the rows that are scored again: they stand before all others


class Coder:
    """Codes of unit rows of one width, and what they are read back as.

    Args:
        code: one of `CODES`.
        reference: (m, k) float32 unit rows from which "int8" learns the range of each coordinate.
    """

    def __init__(self, code: Code, reference: Tensor) -> None:
        self.code = code
        self._quantiser: Any = None
        if code == "int8":
            import faiss

            self._quantiser = faiss.ScalarQuantizer(reference.shape[1], faiss.ScalarQuantizer.QT_8bit)
            self._quantiser.train(reference.contiguous().numpy())

    def stored(self, rows: Tensor) -> Tensor:
        """Return rows as they come back from storage, (m, k) float32."""
        if self.code == "float32":
            return rows
        if self.code == "float16":
            return rows.half().float()
        if self.code == "1bit":
            return torch.where(rows > 0, 1.0, -1.0)
        codes = self._quantiser.compute_codes(rows.contiguous().numpy())
        return torch.from_numpy(self._quantiser.decode(codes))


def compressed_index(
    onto: CompressionMap,
    code: Code,
    reference: tuple[MatrixLike, MatrixLike],
    *,
    modality: Modality | str = Modality.IMAGE,
) -> Any:  # noqa: ANN401  (without types)
    """Return an empty faiss index of unit rows that holds the map and stores a code; it ranks like `coded_score`.

    Rows of the other modality ask ``index.index`` with ``onto(rows, other)``. Queries stay float; those of "1bit"
    become signs too, and its distances count the signs that differ.

    Args:
        onto: the map.
        code: one of `CODES`.
        reference: (m, d) images and (m, d) their texts, from which "int8" learns the range of each coordinate.
        modality: of the rows that are added.

    >>> import torch
    >>> rows = torch.eye(4)
    >>> none = torch.zeros(4)
    >>> same = CompressionMap(axes="own", matrix=torch.eye(4), image_mean=none, text_mean=none)
    >>> index = compressed_index(same, "float16", (rows, rows))
    >>> index.add(rows.numpy())
    >>> index.search(rows.numpy(), 1)[1].ravel().tolist()
    [0, 1, 2, 3]
    """
    import faiss

    metric = faiss.METRIC_L2 if code == "1bit" else faiss.METRIC_INNER_PRODUCT
    inner = faiss.index_factory(onto.width, FAISS[code], metric)
    inner.train(reference_rows(onto, reference).contiguous().numpy())
    return onto.faiss_index(modality, inner)


def fill_index(index: Any, rows: npt.NDArray[Any], progress: Progress | None = None) -> None:  # noqa: ANN401
    """Add rows to an index of `compressed_index`, a block at a time: beside the codes memory is that of a block.

    Args:
        index: of faiss, for unit rows.
        rows: (m, d) vectors of any length but 0, in memory or mapped; of a mapped file what was read is let go.
        progress: called with (what, rows that are added, rows) after every block.

    Raises:
        DataError: not finite, a row of zeros, or another width than the index; blocks before it have been added.
    """
    if rows.ndim != 2 or rows.shape[1] != index.d:
        raise DataError(f"rows must be a matrix of {index.d} columns; got shape {rows.shape}")
    for start, block in rows_in_order(rows, FILL_ROWS):
        index.add(unit_rows(np.ascontiguousarray(block), "rows", torch.float32).contiguous().numpy())
        if progress is not None:
            progress("adding rows", start + len(block), len(rows))


def reference_rows(onto: CompressionMap, reference: tuple[MatrixLike, MatrixLike]) -> Tensor:
    """Return images and then texts of a reference as a map gives them: what ranges of a code are learned from."""
    return torch.cat([onto(reference[0], Modality.IMAGE), onto(reference[1], Modality.TEXT)])


def coded_score(onto: CompressionMap, coder: Coder, *, float_query: bool = False, rescore: int = 0) -> Score:
    """Return the score of a compressed gallery: the inner product of what is stored.

    Args:
        onto: the map.
        coder: of what it gives.
        float_query: whether queries stay float; else they are coded like the gallery.
        rescore: how many of the best are scored again by cosines of the vectors as they were; 0 for none.
    """

    def score(gallery: Tensor, direction: Direction) -> BlockScore:
        kind = Modality.IMAGE if direction is Direction.IMAGE_RETRIEVAL else Modality.TEXT
        asking = Modality.TEXT if kind is Modality.IMAGE else Modality.IMAGE
        stored = coder.stored(onto(gallery, kind))

        def block(queries: Tensor) -> Tensor:
            asked = onto(queries, asking)
            scores = (asked if float_query else coder.stored(asked)) @ stored.T
            if rescore:
                best = scores.topk(min(rescore, scores.shape[1]), dim=1).indices
                again = _FIRST + torch.einsum("qd,qkd->qk", queries, gallery[best])
                size = scores.abs().amax(dim=1, keepdim=True).clamp_min(1e-30)
                scores = (scores / size).scatter(1, best, again)
            return scores

        return block

    return score

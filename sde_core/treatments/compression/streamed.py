"""The table of what compression costs where the gallery is read in blocks: some queries, each among everything.

Beside the queries, and the best of each where they are scored again, memory is that of a block of the gallery: a
million mapped rows take no more than ten thousand.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError
from sde_core.files.in_order import rows_in_order
from sde_core.retrieval.bootstrap import Resampling
from sde_core.retrieval.links import Ints, distinct_rows
from sde_core.retrieval.ranking import check_ks
from sde_core.retrieval.some_queries import draw_queries
from sde_core.treatments.compression.axes import AXES, Axes, Floats
from sde_core.treatments.compression.cells import Cell, Cells
from sde_core.treatments.compression.codes import CODES, Code, Progress
from sde_core.treatments.compression.counting import Asked, Blurred, Coded, Counted
from sde_core.treatments.compression.table import CompressedRetrieval, CompressionTable
from sde_core.vocabulary import DIRECTIONS, KS, Direction

N_QUERIES = 1_000
_ENTRIES = 1 << 22  # scores of a block


def streamed_compression(
    image: npt.NDArray[Any],
    text: npt.NDArray[Any],
    links: Ints,
    reference: tuple[Floats, Floats],
    *,
    queries: int = N_QUERIES,
    widths: Sequence[int] | None = None,
    axes: Sequence[Axes] = AXES,
    codes: Sequence[Code] = CODES,
    rescore: int = 0,
    ks: Sequence[int] = KS,
    resampling: Resampling | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    block_entries: int = _ENTRIES,
) -> CompressionTable:
    """Return the rows of `compression_table` from some queries, each among the whole gallery, which is read twice.

    With all queries the recalls are those of `compression_table`. What is predicted is drawn with other noise.

    Args:
        image: (n_images, d) vectors that nothing is fitted on, in memory or mapped, no zero row.
        text: (n_texts, d) likewise.
        links: (n_links, 2) of (text row, image row).
        reference: (m, d) images and (m, d) their texts, in memory.
        queries: seeded ones each way; 0 is all of them.
        widths: as in `compression_table`, and so are the next six.
        axes: out of `AXES`.
        codes: out of `CODES`.
        rescore: how many of the best are scored again by whole vectors.
        ks: cut-offs of the recalls.
        resampling: of the intervals, over the queries that ask.
        seed: of the draw of queries as well.
        progress: called with what is asked, rows read and rows in all; an exception that it raises stops the work.
        block_entries: scores held at once.

    Raises:
        DataError: not finite, a row of zeros, or other widths.
        ConfigError: as `compression_table`, or ``queries`` is below 0.
    """
    check_ks(ks)
    if queries < 0:
        raise ConfigError(f"queries must be at least 0, which is all of them; got {queries}")
    cells = Cells(reference, image.shape[1], widths, axes, codes, rescore, seed=seed)
    asked = draw_queries(links, queries, seed=seed) or {
        way: distinct_rows(links[:, 0 if way.query == "text" else 1]) for way in DIRECTIONS
    }
    sizes = {way: len(image if way.query == "text" else text) for way in DIRECTIONS}
    read, found = 0, {}
    for way in DIRECTIONS:

        def report(rows: int, way: Direction = way, before: int = read) -> None:
            if progress is not None:
                progress(f"{way.query}s ask", before + rows, sum(sizes.values()))

        found[way] = _one_way(way, (text, image), links, asked[way], cells, report, block_entries)
        read += sizes[way]
    return _table(cells, found, ks, resampling or Resampling())


def _one_way(
    way: Direction,
    sides: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    links: Ints,
    rows: Ints,
    cells: Cells,
    report: Callable[[int], None],
    block_entries: int,
) -> dict[Cell | float | None, Counted]:
    """Return what was counted of every cell, of every fidelity, and of None: whole vectors."""
    asks, answers = (0, 1) if way.query == "text" else (1, 0)
    gallery = sides[answers]
    asked = Asked.of(sides[asks], gallery, links[:, [asks, answers]], rows, way)
    whole = Coded(asked, asked.rows, asked.right, signs=False)
    coded = {cell: Coded.of(asked, cells, cell) for cell in cells}
    blurred = {key: Blurred.of(asked, gallery, key, cells.seed) for key in _fidelities(cells)}
    step = max(1, min(len(gallery), block_entries // len(rows)))
    for start, block in rows_in_order(gallery, step):
        report(start)
        unit = unit_rows(np.ascontiguousarray(block), f"{asked.kind}s")
        scores = whole.add(unit, start)
        noise = torch.randn(scores.shape, generator=torch.Generator().manual_seed(cells.seed + 1 + start))
        for each in blurred.values():
            each.add(scores, noise)
        stored = cells.stored(unit, asked.kind)
        for cell, one in coded.items():
            one.add(stored(cell), start)
    report(len(gallery))
    counts: dict[Cell | float | None, Counted] = {None: whole.counted(gallery)}
    counts |= {cell: one.counted(gallery) for cell, one in coded.items()}
    return counts | {fidelity: each.counted() for fidelity, each in blurred.items()}


def _fidelities(cells: Cells) -> set[float]:
    return {_key(cells, cell) for cell in cells if not cell.rescore}


def _key(cells: Cells, cell: Cell) -> float:
    return round(cells.fidelity(cell), 3)


def _table(
    cells: Cells,
    found: Mapping[Direction, Mapping[Cell | float | None, Counted]],
    ks: Sequence[int],
    how: Resampling,
) -> CompressionTable:
    def drawn(key: Cell | float | None) -> torch.Tensor:
        return torch.cat([found[way][key].drawn(ks, how) for way in DIRECTIONS]).mean(0)

    before = drawn(None)
    rows = CompressionTable([CompressedRetrieval.whole(cells.width, before, how)])
    for cell in cells:
        predicted = math.nan if cell.rescore else float(drawn(_key(cells, cell))[-1])
        rows.append(CompressedRetrieval.of(cell, drawn(cell), before, cells.fidelity(cell), predicted, how))
    return rows

"""What keeping less of every vector costs: measured on one half of a set, with axes fitted on the other."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import sde_core as sde
from sde_core.geometry.projection import sample_rows
from sde_core.treatments.compression.axes import Axes, Floats
from sde_core.treatments.compression.codes import Code
from sde_explorer.retrieval.numbers.parts import SEED, Part

MOST_ASKED = 1_500
"""Pictures among which is searched; of more, a seeded sample, until somebody wants all."""
MOST_EXACT = 25_000
"""Pictures among which is searched where somebody wants all: half of a set of 50,000."""
MOST_FITTED = 10_000
"""Pairs to which axes are fitted; of more, a seeded sample."""
AXES: dict[Axes, str] = {
    "own": "own axes", "random": "random rotation", "pca": "PCA", "cross": "cross-modal PCA", "itq": "ITQ",
}  # fmt: skip
"""What people read for each kind of axes, in the order of the legend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One way to store and ask.

    Attributes:
        name: what people read.
        code: what is stored.
        float_query: whether queries stay float.
    """

    name: str
    code: Code
    float_query: bool


PANELS = (
    Panel(name="float32", code="float32", float_query=True),
    Panel(name="int8", code="int8", float_query=True),
    Panel(name="1 bit, float query", code="1bit", float_query=True),
    Panel(name="1 bit, 1-bit query", code="1bit", float_query=False),
)
CODES: tuple[Code, ...] = ("float32", "int8", "1bit")
"""What is measured here; float16 is float32 in half the bytes, and can be kept as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressed:
    """Rows as far as they are measured.

    Attributes:
        rows: whole vectors first.
        n_images: pictures among which is searched.
        n_texts: their captions.
        n_fitted: pairs to which axes and ranges were fitted.
    """

    rows: tuple[sde.CompressedRetrieval, ...]
    n_images: int
    n_texts: int
    n_fitted: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths that are measured by now, ascending."""
        return tuple(sorted({row.width for row in self.rows}))

    def of(self, panel: Panel, axes: Axes) -> list[sde.CompressedRetrieval]:
        """Return the rows of a panel on one kind of axes, by width; whole vectors are on their own axes."""
        found = [
            row
            for row in self.rows
            if (row.axes, row.code, row.float_query) == (axes, panel.code, panel.float_query)
        ]
        return sorted(found, key=lambda row: row.width)


def compressed(
    fit: Part,
    test: Part,
    report: Callable[[float, str, Compressed | None], None],
    *,
    most: int = 0,
) -> Compressed:
    """Return what every width, kind of axes and code costs.

    Args:
        fit: to which axes and ranges are fitted.
        test: that nothing is fitted on.
        report: called with the share that is done, what is next, and what there is; an exception of it stops the work.
        most: pictures among which is searched, at most; 0 is `MOST_ASKED`.

    Raises:
        DataError: too few pairs.
    """
    images, texts = reference_of(fit)
    asked, most = test.embeddings, most or MOST_ASKED
    if asked.n_images > most:
        asked = asked.select(sample_rows(asked.n_images, most))
    rows: list[sde.CompressedRetrieval] = []

    def so_far() -> Compressed:
        return Compressed(
            rows=tuple(rows), n_images=asked.n_images, n_texts=asked.n_texts, n_fitted=len(images)
        )

    sde.compression_table(
        asked.image,
        asked.text,
        asked.links,
        (images, texts),
        codes=CODES,
        seed=SEED,
        progress=lambda name, done, of: report(done / of, name, so_far() if rows else None),
        each=rows.append,
    )
    return so_far()


def reference_of(fit: Part) -> tuple[Floats, Floats]:
    """Return pictures and their captions to which axes and ranges are fitted."""
    images, texts = fit.embeddings.paired()
    some = sample_rows(len(images), MOST_FITTED)
    return images[some], texts[some]


def kept_names(rows: Sequence[sde.CompressedRetrieval]) -> tuple[str, ...]:
    """Return what can be taken along, such as "pca 96 int8", each once, in the order of the rows."""
    return tuple(dict.fromkeys(f"{row.axes} {row.width} {row.code}" for row in rows))


def fitted(fit: Part, name: str) -> "tuple[sde.CompressionMap, Code]":
    """Return the map and the code of a name of `kept_names`."""
    axes, width, code = name.split()
    known = next(each for each in AXES if each == axes)
    onto = sde.fit_axes(*reference_of(fit), known, int(width), seed=SEED)
    return onto, next(each for each in get_args(Code) if each == code)


def as_map(fit: Part, name: str) -> bytes:
    """Return the content of the file that `CompressionMap.load` reads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.safetensors"
        fitted(fit, name)[0].save(path)
        return path.read_bytes()


def as_index(fit: Part, name: str) -> bytes:
    """Return the content of the file that `faiss.read_index` reads: empty, with the map before its codes."""
    import faiss

    content: bytes = faiss.serialize_index(
        sde.compressed_index(*fitted(fit, name), reference_of(fit))
    ).tobytes()
    return content

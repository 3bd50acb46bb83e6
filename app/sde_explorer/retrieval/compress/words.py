"""The sentences of what may be left away, made from the numbers in them."""

from typing import TYPE_CHECKING

from sde_core.glossary.formats import with_minus
from sde_core.treatments.compression.table import recommendation, smallest_harmless, worst_trap
from sde_explorer.retrieval.compress.numbers import AXES
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    import sde_core as sde
    from sde_explorer.retrieval.compress.numbers import Compressed

HOW_TO_READ = (
    "A line is a kind of axes, a dot a width, its bar the 95 % interval over queries. Grey: whole vectors. Dotted: "
    "what the covariances alone predict, before anything is coded or ranked. Below each width is the size of the codes "
    "of a million vectors.\n\nAxes and ranges are fitted on one half of the set, and searched is in the other. "
    "What is recommended is picked after looking, so it is a little too good. `sde compress` gives the same "
    "with other widths, codes and parts."
)
TERMS = (
    "Nothing is lost where at most a point of recall was measured and the paired 95 % interval reaches zero. Recall: "
    "mean of R@1, 5 and 10, both ways. A trap loses ten points or more, and twice as much as other axes of its width."
)
KEPT = "What to take along: axes, numbers kept, and the code of each."
ABOUT = {
    "own axes": "the coordinates as they are; the first n of them, as a Matryoshka encoder is cut.",
    "random rotation": "a seeded one, after the mean is taken off.",
    "PCA": "the directions of most variance of images and texts together.",
    "cross-modal PCA": "the directions along which images and their texts vary together.",
    "ITQ": "PCA, turned so that signs keep most.",
    "float32": "as it is; float16 is the same in half the bytes.",
    "int8": "256 levels over the range of each coordinate.",
    "1 bit": "signs; asked by float queries, or by signs as well.",
}


def finding(found: "Compressed") -> str:
    """Return what may be left away and what must not; at most 90 letters."""
    best, trap = smallest_harmless(found.rows), worst_trap(found.rows)
    if best is found.rows[0]:
        said = f"Keep all {best.width:,} numbers as float32: everything smaller loses recall"
    else:
        saved = found.rows[0].bytes_per_million / best.bytes_per_million
        said = f"{_short(best)} loses nothing, {saved:.3g} times smaller"
    return f"{said}; {_short(trap)} loses {-100 * trap.change.estimate:.0f} points" if trap else said


def measuring(found: "Compressed | None") -> str:
    """Return the title while rows are on their way."""
    if found is None:
        return "How many numbers and bits may be left away?"
    return f"Whole vectors find {100 * found.rows[0].recall.estimate:.1f} of 100; what does less find?"


def story(found: "Compressed") -> str:
    """Return the recommendation with its intervals, and of what it is; Markdown."""
    asked = f"{found.n_images:,} pictures and {found.n_texts:,} captions, fitted on {found.n_fitted:,} other pairs."
    return f"**{as_text(with_minus(recommendation(found.rows)))}** {asked}"


def code(name: str, file: str) -> str:
    """Return how the files are used, in Python.

    Args:
        name: of what is kept, such as "pca 96 int8".
        file: their name without its end.
    """
    lines = [
        "import faiss, sde_core as sde",
        f'keep = sde.CompressionMap.load("{file}.safetensors")  # {name}',
        f'index = faiss.read_index("{file}.faiss")',
        "index.add(images)  # (m, d) float32, unit rows",
        "inner = faiss.downcast_index(index.index)",
        'scores, rows = inner.search(keep(texts, "text").numpy(), 10)',
    ]
    return "\n".join(lines)


def _short(row: "sde.CompressedRetrieval") -> str:
    name = (
        AXES[row.axes]
        .replace("own axes", "first" if row.width else "")
        .replace("cross-modal PCA", "cross PCA")
    )
    name = name.replace("random rotation", "random")
    return f"{name[0].upper()}{name[1:]} {row.width:,} as {row.code.replace('1bit', '1 bit')}"

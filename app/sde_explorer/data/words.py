"""The sentences of the Data view."""

from typing import TYPE_CHECKING

from sde_core.glossary.formats import percent

if TYPE_CHECKING:
    import sde_core as sde
    from sde_explorer.data.numbers import Review
    from sde_explorer.readings.cached.sets import Dataset

CAN_BE_OPENED = (
    "**Pairs**: a folder with CSV, TSV or JSONL · WebDataset · parquet · Hugging Face · zip  \n"
    "**Vectors**: npy · npz · safetensors · parquet · clip-retrieval"
)
HOW_IT_OPENS = (
    "- **The pictures** are a seeded sample of what is shown; hover over one to read all of its captions.\n"
    "- **Pairs** of pictures and captions are encoded here, after a look at the first ten of them.\n"
    "- **Vectors** that you have already are opened as they are.\n"
    "- Your files are never changed."
)

MEASURES = (
    "margin: the cosine less how near both are to their neighbours (CSLS). ratio: how much likelier they are as a pair "
    "than as strangers, learned from the others; better where concepts come several times, worse where not. "
    "cosine: on no common scale between pairs."
)


def finding(data: "Dataset") -> str:
    """Return what is open and what could not be used of it, as the title of the view: one line."""
    embeddings = data.embeddings
    images = f"{embeddings.n_images:,} images" if embeddings.n_images else "No images"
    texts = f"{embeddings.n_texts:,} texts" if embeddings.n_texts else "no texts"
    count = len(embeddings.skipped)
    skipped = f"{count:,} {'item' if count == 1 else 'items'} skipped" if count else "nothing skipped"
    return f"{images}, {texts}, {skipped}"


def wrong_pairs_so_far(found: "sde.MismatchedPairs", total: int) -> str:
    """Return how many are wrong in a sample of the pairs, with the interval, while all of them are scored."""
    return (
        f"At most about **{percent(found.share)}** of the pairs are wrong [{percent(found.share_low)}, "
        f"{percent(found.share_high)}], by a seeded sample of {len(found.links):,} of {total:,}."
    )


def wrong_pairs(found: "sde.MismatchedPairs") -> str:
    """Return how many pairs are wrong, estimated."""
    low, high = 100 * found.share_low, 100 * found.share_high
    return (
        f"**At most about {found.n_wrong:,} of {len(found.links):,} pairs are wrong** ({100 * found.share:.1f} %, "
        f"95 % from {low:.1f} to {high:.1f}): captions of something else. Those that fit least come first."
    )


def place_in_line(found: "sde.MismatchedPairs", link: int, place: int, measure: str) -> str:
    """Return where a pair stands: its place, its score, and how many up to it are wrong."""
    score = f"{float(found.scores[link]):.2f}".replace("-", "\u2212")
    said = f"Number {place + 1:,}, {measure} {score}"
    if place < 9:  # of a few the estimate says nothing
        return f"{said}."
    return f"{said}; up to here at most about {100 * float(found.precision[place]):.0f} % are wrong."


def review_so_far(review: "Review", total: int) -> str:
    """Return how far a review is."""
    return f"{len(review.history):,} of {total:,} seen, {len(review.dropped):,} dropped, {len(review.kept):,} kept"

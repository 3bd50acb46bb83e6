"""The sentences of the Data view."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset

CAN_BE_OPENED = (
    "**Pairs**: a folder with CSV, TSV or JSONL · WebDataset · parquet · Hugging Face · zip  \n"
    "**Vectors**: npy · npz · safetensors · parquet · clip-retrieval"
)
HOW_IT_OPENS = (
    "- **The pictures** are drawn by a seed from what is shown; rest on one for all of its captions.\n"
    "- **Pairs** of pictures and captions are encoded here, after a look at the first ten of them.\n"
    "- **Vectors** that you have already are opened as they are.\n"
    "- Nothing is changed where it lies."
)


def finding(data: "Dataset") -> str:
    """Return what is open and what could not be used of it, as the title of the view: one line."""
    embeddings = data.embeddings
    images = f"{embeddings.n_images:,} images" if embeddings.n_images else "No images"
    texts = f"{embeddings.n_texts:,} texts" if embeddings.n_texts else "no texts"
    count = len(embeddings.skipped)
    skipped = f"{count:,} {'item' if count == 1 else 'items'} skipped" if count else "nothing skipped"
    return f"{images}, {texts}, {skipped}"

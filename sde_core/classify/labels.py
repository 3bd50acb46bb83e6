"""Classes of the images of an embedding set, from its metadata, and prompts for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sde_core.classify.classification import class_vectors
from sde_core.encoders import Encoder
from sde_core.errors import ConfigError, DataError
from sde_core.sets.embeddings import EmbeddingSet

DEFAULT_COLUMN = "label"
DEFAULT_TEMPLATES = ("a photo of a {c}.",)
_MOST_CLASSES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """Which class each image belongs to.

    Attributes:
        numbers: (n_images,) int64 in [0, number of classes).
        names: by number.
    """

    numbers: Tensor
    names: tuple[str, ...]


def labels_of(
    embeddings: EmbeddingSet, column: str = DEFAULT_COLUMN, names: Sequence[str] | None = None
) -> Labels:
    """Return the classes in a column of metadata.

    A column of whole numbers counts classes from 0; any other column's values are the names of its classes.

    Args:
        embeddings: with that column.
        column: of the metadata.
        names: of the classes: by number for a column of numbers, else the values to look for, in order.

    Raises:
        DataError: no such column, a class without a name, or fewer than two classes.
    """
    if column not in embeddings.metadata:
        offer = ", ".join(sorted(embeddings.metadata)) or "none"
        raise DataError(
            f"label-column must be a column of {embeddings.name}; got {column!r}, there are: {offer}"
        )
    values = embeddings.metadata[column]
    if values.dtype.kind in "iu":
        return _by_number(values, column, names)
    words = values.astype(str)
    known = tuple(names) if names is not None else tuple(sorted(set(words.tolist())))
    position = {name: i for i, name in enumerate(known)}
    unknown = sorted(set(words.tolist()) - set(position))
    if unknown:
        raise DataError(f"class names must hold every value of {column}; {unknown[0]!r} is not among them")
    _check_count(len(known), column)
    return Labels(numbers=torch.tensor([position[w] for w in words.tolist()]), names=known)


def read_lines(path: str | Path, what: str) -> tuple[str, ...]:
    """Return the lines of a text file that are not empty.

    Raises:
        DataError: it cannot be read as UTF-8, or holds nothing.
    """
    try:
        text = Path(path).expanduser().read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{what} must be a UTF-8 text file, one a line; {path}: {error}") from None
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not lines:
        raise DataError(f"{what} must hold at least one line; {path} holds none")
    return lines


def encode_classes(
    encoder: Encoder,
    names: Sequence[str],
    templates: Sequence[str] = DEFAULT_TEMPLATES,
    *,
    batch_size: int = 64,
    progress: Callable[[str, int, int], None] | None = None,
) -> Tensor:
    """Return the (c, d) unit vector of each class: the mean of its prompts.

    Args:
        encoder: that also encoded the images.
        names: of the classes; underscores are read as spaces.
        templates: prompts with the place of the name as ``{c}`` (or ``{}``).
        batch_size: prompts at a time.
        progress: called with "prompts", prompts done and prompts in all.

    Raises:
        ConfigError: a template without a place for the name.
    """
    for template in templates:
        if "{c}" not in template and "{}" not in template:
            raise ConfigError(f"templates must hold {{c}} where the name goes; got {template!r}")
    prompts = [
        template.replace("{c}", spoken).replace("{}", spoken)
        for spoken in (name.replace("_", " ") for name in names)
        for template in templates
    ]
    report = progress or (lambda what, done, total: None)
    vectors = []
    for start in range(0, len(prompts), batch_size):
        vectors.append(encoder.encode_texts(prompts[start : start + batch_size]).cpu())
        report("prompts", min(start + batch_size, len(prompts)), len(prompts))
    return class_vectors(torch.cat(vectors), len(templates))


def _by_number(values: "np.ndarray", column: str, names: Sequence[str] | None) -> Labels:
    low, high = int(values.min()), int(values.max())
    if low < 0 or high >= _MOST_CLASSES:
        raise DataError(f"{column} must count classes from 0; got {low} to {high}")
    known = tuple(names) if names is not None else tuple(map(str, range(high + 1)))
    if high >= len(known):
        raise DataError(f"class names must have a name for class {high} of {column}; there are {len(known)}")
    _check_count(len(known), column)
    return Labels(numbers=torch.from_numpy(values.astype(np.int64)), names=known)


def _check_count(count: int, column: str) -> None:
    if count < 2:
        raise DataError(f"{column} must hold at least two classes; got {count}")

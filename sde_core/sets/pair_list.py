"""A list of pairs as text: what is left of a set after wrong pairs were taken out."""

import csv
import io
import json
from pathlib import Path

from sde_core.errors import ConfigError, DataError
from sde_core.files.text_file import write_text
from sde_core.retrieval.links import Ints
from sde_core.sets.embeddings import EmbeddingSet

KINDS = (".csv", ".jsonl")
_COLUMNS = ("image_id", "caption")


def pair_list(embeddings: EmbeddingSet, links: Ints, kind: str = ".csv") -> str:
    r"""Return pairs as CSV with a header or as one JSON a line: image_id and caption, as they are in the set.

    Args:
        embeddings: the set.
        links: (l, 2) of its (text row, image row).
        kind: ".csv" or ".jsonl".

    Raises:
        ConfigError: another kind.

    >>> import numpy as np
    >>> made = EmbeddingSet.from_arrays(np.eye(2), np.eye(2), image_ids=("a", "b"), captions=("one", "two"))
    >>> pair_list(made, made.links[1:], ".jsonl")
    '{"image_id": "b", "caption": "two"}\n'
    """
    if kind not in KINDS:
        raise ConfigError(f"a list of pairs must end in {' or '.join(KINDS)}; got {kind or 'no ending'!r}")
    rows = ((embeddings.image_ids[int(i)], embeddings.captions[int(t)]) for t, i in links)
    if kind == ".jsonl":
        return "".join(
            json.dumps(dict(zip(_COLUMNS, row, strict=True)), ensure_ascii=False) + "\n" for row in rows
        )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(rows)
    return out.getvalue()


def write_pair_list(embeddings: EmbeddingSet, links: Ints, path: str | Path) -> None:
    """Write `pair_list` to a file; its ending says which kind.

    Raises:
        ConfigError: another ending.
        DataError: the file cannot be written.
    """
    target = Path(path).expanduser()
    text = pair_list(embeddings, links, target.suffix.lower())
    try:
        write_text(target, text)
    except OSError as error:
        raise DataError(f"the list of pairs cannot be written; {path}: {error.strerror}") from None

"""What an encoder was trained on, as far as records tell: whether numbers of a set are held-out ones."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sde_core.files import bundled
from sde_core.files.text_file import write_json
from sde_core.sets.embeddings import EmbeddingSet

RECORD = "trained_on.json"
"""In the folder of an encoder that was trained here: a record for each training that led to it, the first one first."""

_MOST_BYTES = 64 << 20
_BEGINNING = "Its encoder was trained on "
_TEST = "test"
_LEARNED = "train"
_BUNDLED = "bundled"
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Training:
    """One training of an encoder.

    Attributes:
        pairs: what to hand to `open_pairs`; "" where that was not known.
        keys: (n,) of the images that were trained on, ascending.
    """

    pairs: str
    keys: Keys


def write_record(folder: Path, vectors: EmbeddingSet, rows: npt.NDArray[np.int64], start: str) -> None:
    """Write what an encoder was trained on, and what the encoder had been trained on that it started from.

    Args:
        folder: of the trained encoder.
        vectors: of the pairs.
        rows: images that were trained on.
        start: name of the encoder at the start.

    Raises:
        OSError: the folder cannot be written to.
    """
    mine = Training(vectors.provenance.pairs, np.unique(pair_keys(vectors, rows)))
    records = [
        {
            "pairs": each.pairs,
            "n_images": len(each.keys),
            "keys": base64.b64encode(each.keys.tobytes()).decode(),
        }
        for each in (*records_of(start), mine)
    ]
    write_json(folder / RECORD, records)


def records_of(encoder: str) -> tuple[Training, ...]:
    """Return the trainings that led to an encoder; none where its folder has no record, or one that is damaged."""
    path = Path(encoder).expanduser() / RECORD
    try:
        if not encoder or not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return ()
        return tuple(
            Training(str(each["pairs"]), np.frombuffer(base64.b64decode(each["keys"], validate=True), "<u8"))
            for each in json.loads(path.read_text("utf-8"))
        )
    except (OSError, ValueError, TypeError, LookupError, RecursionError, binascii.Error):
        return ()


def pair_keys(vectors: EmbeddingSet, rows: npt.NDArray[np.int64] | None = None) -> Keys:
    """Return a key for each image, or for those of ``rows``: a digest of its id and its first caption."""
    texts, images = vectors.links[:, 0], vectors.links[:, 1]
    order = np.lexsort((texts, images))
    with_text, first = np.unique(images[order], return_index=True)
    text_of = dict(zip(with_text.tolist(), texts[order][first].tolist(), strict=True))
    wanted = range(vectors.n_images) if rows is None else rows.tolist()
    words = (
        f"{vectors.image_ids[i]}\n{vectors.captions[text_of[i]] if i in text_of else ''}" for i in wanted
    )
    digests = [hashlib.blake2b(each.encode("utf-8", "replace"), digest_size=8).digest() for each in words]
    return np.frombuffer(b"".join(digests), dtype="<u8")


def with_training(vectors: EmbeddingSet) -> EmbeddingSet:
    """Return the set with a remark where its encoder was trained on images of it, by the encoder's own record."""
    if any(remark.startswith(_BEGINNING) for remark in vectors.remarks):
        return vectors
    trainings = records_of(vectors.provenance.encoder)
    if not trainings or not vectors.n_images:
        return vectors
    seen = np.isin(pair_keys(vectors), np.concatenate([each.keys for each in trainings]))
    if not seen.any():
        return vectors
    remark = (
        f"{_BEGINNING}{int(seen.sum()):,} of its {vectors.n_images:,} pictures, by id and first caption "
        f"({vectors.provenance.encoder}/{RECORD}): numbers on those are not held-out ones."
    )
    return replace(vectors, remarks=(*vectors.remarks, remark))


def unseen_split(vectors: EmbeddingSet) -> str:
    """Return the value of the column "split" that keeps what the set's encoder never learned from; "" is no such one.

    Told by the encoder's own record of its trainings, and of the bundled encoder by what it was made from: the images
    of `train` of both bundled sets. Where no record says that the encoder saw some of the set, or nothing is left that
    it did not see, there is none. Of several the one that is called test counts, else the largest.

    Args:
        vectors: all rows of a set.
    """
    column = vectors.metadata.get("split")
    if column is None or not vectors.n_images:
        return ""
    names = column.astype(str)
    seen = _seen(vectors, names)
    if not seen.any():
        return ""
    kept = [str(name) for name in np.unique(names) if name and not seen[names == name].any()]
    return max(
        kept, key=lambda name: (name.strip().lower() == _TEST, np.count_nonzero(names == name)), default=""
    )


def _seen(vectors: EmbeddingSet, names: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
    """Return which images the encoder was trained on, as far as records tell."""
    origin = vectors.provenance
    seen = np.zeros(vectors.n_images, dtype=bool)
    if origin.encoder in (_BUNDLED, bundled.ENCODER) and origin.pairs in bundled.PAIR_SETS:
        seen |= names == _LEARNED
    trainings = records_of(origin.encoder)
    if trainings:
        seen |= np.isin(pair_keys(vectors), np.concatenate([each.keys for each in trainings]))
    return seen


def unknown_trainings(sets: Sequence[EmbeddingSet], known: Sequence[str]) -> list[str]:
    """Return a sentence on each encoder of the sets of which nothing says what it was trained on.

    Args:
        sets: whose numbers are told.
        known: encoders whose training is documented, such as the bundled ones.
    """
    names = dict.fromkeys(each.provenance.encoder for each in sets)
    return [
        f"Nothing here says what {name} was trained on: these are held-out numbers only if it did not see these pairs; "
        "sde check SET --against TRAINING lists what two sets share."
        for name in names
        if name and name not in known and not records_of(name)
    ]

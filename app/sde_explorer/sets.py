"""Which embedding sets there are, by pairs and encoder; which rows a filter keeps. No streamlit here."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import sde_core as sde
from sde_core.files import bundled
from sde_core.sets.store import MANIFEST

# A column is no good as filter if its values hold hardly more than a picture each: ids, titles. One of many values
# (the classes of CIFAR-100 or ImageNet) is, and is found by typing.
MAX_VALUES, LEAST_EACH, FEW_VALUES = 2_000, 4, 24
TRAIN, TEST = "split=train", "split=test"
"""Parts of a set that says what is trained on and what is kept for the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetEntry:
    """One embedding set on disk.

    Attributes:
        data: the pairs as `open_pairs` takes them.
        encoder: as `load_encoder` takes it.
        folder: where the vectors lie.
        stamp: time of writing, in nanoseconds: a set that was replaced is another set.
        pairs_fingerprint: digest of the pairs when they were encoded.
        weights: digest of the encoder's weights.
    """

    data: str
    encoder: str
    folder: str
    stamp: int
    pairs_fingerprint: str
    weights: str


def entry_of(folder: Path, data: str = "") -> SetEntry | None:
    """Return the set in ``folder`` from its manifest alone, or None where there is none.

    Args:
        folder: of an embedding set.
        data: name of the pairs; empty takes it from the set's provenance.
    """
    path = folder / MANIFEST
    if not path.is_file():  # a pipe would be waited for
        return None
    try:
        stamp = path.stat().st_mtime_ns
        manifest = json.loads(path.read_text("utf-8"))
        provenance = manifest["provenance"]
        name = data or provenance["pairs"] or folder.name
        return SetEntry(
            data=name,
            encoder=provenance["encoder"] or "unknown",
            folder=str(folder),
            stamp=stamp,
            pairs_fingerprint=provenance["pairs_fingerprint"],
            weights=provenance["weights_sha256"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def known_sets(cache: Path) -> tuple[SetEntry, ...]:
    """Return the sets that ship with the project and those encoded here, one for each pairs and encoder.

    Of two with the same pairs and encoder the newer wins: the pairs had changed.
    """
    encoded_here = [entry_of(p.parent) for p in cache.glob(f"embeddings/*/{MANIFEST}")]
    found: dict[tuple[str, str], SetEntry] = {}
    for entry in sorted((e for e in encoded_here if e), key=lambda e: e.stamp):
        found[entry.data, entry.encoder] = entry
    for shipped in _shipped():
        if shipped:
            found.setdefault((shipped.data, shipped.encoder), shipped)
    order = {name: i for i, name in enumerate(bundled.PAIR_SETS)}
    return tuple(sorted(found.values(), key=lambda e: (order.get(e.data, len(order)), -e.stamp)))


def _shipped() -> list[SetEntry | None]:
    try:
        return [entry_of(bundled.embeddings_folder(name), name) for name in bundled.PAIR_SETS]
    except sde.DataError:  # installed without its data: whoever names them is told
        return []


def filters(embeddings: sde.EmbeddingSet) -> tuple[str, ...]:
    """Return every "column=value" by which the set can be narrowed down, the split first, columns of many values last.

    Of columns that divide the pictures in the same way (a style and its licence) the shortest one is kept.
    """
    columns: dict[bytes, tuple[str, list[str]]] = {}
    most = min(MAX_VALUES, max(FEW_VALUES, embeddings.n_rows // LEAST_EACH))
    for name, values in sorted(embeddings.metadata.items(), key=lambda item: item[1].dtype.itemsize):
        kinds, members = np.unique(values, return_inverse=True)
        if 2 <= len(kinds) <= most:
            _, first = np.unique(members, return_index=True)
            order = np.argsort(np.argsort(first))  # named by appearance, so that only the division counts
            columns.setdefault(order[members].astype(np.int32).tobytes(), (name, kinds.astype(str).tolist()))
    found = sorted(columns.values(), key=lambda c: (c[0] != "split", len(c[1]) > FEW_VALUES, c[0]))
    return tuple(f"{name}={kind}" for name, kinds in found for kind in kinds)


def n_of_train(embeddings: sde.EmbeddingSet, offered: tuple[str, ...]) -> int:
    """Return how many images are of the split that encoders learn from; 0 where no split is kept for a test.

    Args:
        embeddings: the set, or a part of it.
        offered: `filters` of the whole set.
    """
    if TRAIN not in offered or TEST not in offered:
        return 0
    return int(np.count_nonzero(embeddings.metadata["split"].astype(str) == TRAIN.partition("=")[2]))


def typed_filter(embeddings: sde.EmbeddingSet, text: str) -> str:
    """Return the "column=value" that a person means, of any column; empty where the set has no such value.

    Args:
        embeddings: the whole set.
        text: "column=value", or a value alone, in any case.
    """
    column, sign, value = text.partition("=")
    named = {column.strip(): value} if sign and column.strip() in embeddings.metadata else {}
    for name, wanted in (named or dict.fromkeys(sorted(embeddings.metadata), text)).items():
        values = embeddings.metadata[name].astype(str)
        same = np.flatnonzero(np.char.lower(values) == wanted.strip().lower())
        if len(same):
            return f"{name}={values[same[0]]}"
    return ""


def left_out_columns(embeddings: sde.EmbeddingSet) -> tuple[str, ...]:
    """Return the columns that `filters` leaves out because nearly every picture has a value of its own."""
    most = min(MAX_VALUES, max(FEW_VALUES, embeddings.n_rows // LEAST_EACH))
    return tuple(
        name for name, values in sorted(embeddings.metadata.items()) if len(np.unique(values)) > most
    )

"""What of one set is in another, too: leaks between two paths, such as training and test."""

import numpy as np

from sde_core.errors import ConfigError
from sde_core.report.inspection.odd import Odd, odd_of
from sde_core.report.inspection.pairs_check import Seen
from sde_core.report.inspection.picture_hash import nearest_before
from sde_core.report.inspection.vectors_check import BLOCK, MOST_COMPARED, NEAR_COSINE, names_of, unit_rows
from sde_core.sets.embeddings import EmbeddingSet


def leaks_of_pairs(seen: Seen, other: Seen) -> list[Odd]:
    """Return the images and captions of a set that another has, too: the same file, nearly the same, the same words.

    Args:
        seen: of the set that is checked.
        other: of the set that it must not share anything with.
    """
    found: list[str] = []
    told: set[int] = set()
    for digest, row in seen.digests.items():
        if digest in other.digests:
            told.add(row)
            found.append(f"{seen.ids[row]} is {other.ids[other.digests[digest]]} there")
    hashes = np.array([*other.hashes, *seen.hashes], dtype=np.uint64)
    colours = np.frombuffer(bytes(other.colours + seen.colours), dtype=np.uint8).reshape(len(hashes), 192)
    first = nearest_before(hashes, colours)[len(other.hashes) :]
    for row, near in zip(seen.hashed, first.tolist(), strict=True):
        if near < len(other.hashes) and row not in told:
            found.append(f"{seen.ids[row]} is nearly {other.ids[other.hashed[near]]} there")
    found += [f"the caption {caption[:60]!r}" for caption in seen.captions if caption in other.captions]
    return odd_of("leaks", found)


def leaks_of_vectors(made: EmbeddingSet, other: EmbeddingSet) -> list[Odd]:
    """Return the rows of a set whose equal, or nearly equal, is in another, and captions that both have.

    Args:
        made: the set that is checked; its first `MOST_COMPARED` rows of each modality are compared.
        other: the set that it must not share anything with; as many of its rows.

    Raises:
        ConfigError: they have no modality in common, or another width.
    """
    both = [modality for modality in made.modalities if modality in other.modalities]
    if not both or made.width != other.width:
        raise ConfigError(
            f"against must have vectors that can be compared; {made.name} has width {made.width} "
            f"({', '.join(made.modalities)}), {other.name} has {other.width} ({', '.join(other.modalities)})"
        )
    found: list[str] = []
    for modality in both:
        rows, there = unit_rows(made.vectors(modality)), unit_rows(other.vectors(modality))
        names, names_there = names_of(made, modality), names_of(other, modality)
        for start in range(0, len(rows), BLOCK):
            cosines = rows[start : start + BLOCK] @ there.T
            for row in np.flatnonzero(cosines.max(axis=1) >= NEAR_COSINE).tolist():
                best = int(cosines[row].argmax())
                how = "is" if cosines[row, best] >= 1 - 1e-6 else "is nearly"
                found.append(f"{names[start + row]} {how} {names_there[best]} there")
    known = set(other.captions)
    found += [f"the caption {c[:60]!r}" for c in made.captions if c and c in known]
    most = max(made.n_images, made.n_texts, other.n_images, other.n_texts)
    notes = (
        [f"of each side the first {MOST_COMPARED:,} vectors were compared"] if most > MOST_COMPARED else []
    )
    return [*odd_of("leaks", found), *odd_of("remarks", notes)]

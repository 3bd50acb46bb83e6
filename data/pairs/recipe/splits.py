"""Train, val and test by concept and caption: one seeded rule for all sets."""

import hashlib
import re
from collections.abc import Sequence

from data.pairs.recipe.sample import Sample

SEED = "sde-explorer pairs 1"
TRAIN_BELOW, VAL_BELOW = 0.73, 0.83


def normalized(caption: str) -> str:
    """Return the caption without case, punctuation and doubled spaces: what counts as the same caption."""
    return " ".join(re.findall(r"[^\W_]+", caption.lower()))


def assign_splits(samples: Sequence[Sample]) -> None:
    """Write "split" into every sample's metadata; what shares a caption or a relation shares a split."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    names = [[*(f"caption {normalized(c)}" for c in s.captions), *s.related, f"key {s.key}"] for s in samples]
    for group in names:
        for other in group[1:]:
            # The smaller name stays the root, so that the result does not depend on the order.
            first, second = sorted((root(group[0]), root(other)))
            parent[second] = first
    for sample, group in zip(samples, names, strict=True):
        sample.metadata["split"] = _split(root(group[0]))


def _split(name: str) -> str:
    digest = hashlib.sha256(f"{SEED} {name}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    return "train" if place < TRAIN_BELOW else "val" if place < VAL_BELOW else "test"

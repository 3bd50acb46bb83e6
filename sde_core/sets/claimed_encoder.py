"""The encoder that a set of vectors names: compared with the vectors where both are at hand."""

from dataclasses import replace
from typing import TYPE_CHECKING

from sde_core.errors import SDEError
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.sets.trained_on import with_training

if TYPE_CHECKING:  # encoders bring torch, which a set that names none opens without
    from sde_core.sets.agreement import Agreement


def agreement_of(vectors: EmbeddingSet) -> "Agreement | None":
    """Return how vectors compare with the encoder that they name, None where that cannot be told here.

    Told are vectors that were not transformed, do not carry the digest of the weights that made them (those are known),
    and name an encoder on this machine; nothing is fetched.
    """
    if not _may_be_told(vectors):
        return None
    from sde_core.encoders import load_encoder
    from sde_core.sets.agreement import compare_with_encoder

    try:
        return compare_with_encoder(vectors, load_encoder(vectors.provenance.encoder, device="cpu"))
    except (SDEError, OSError):
        return None


def with_agreement(vectors: EmbeddingSet) -> EmbeddingSet:
    """Return the set with remarks: whether its vectors are the named encoder's, and whether that was trained on them.

    Each is told where it can be told here.
    """
    vectors = with_training(vectors)
    if not _may_be_told(vectors):
        return vectors
    from sde_core.sets.agreement import BEGINNING

    if any(remark.startswith(BEGINNING) for remark in vectors.remarks):
        return vectors
    found = agreement_of(vectors)
    return vectors if found is None else replace(vectors, remarks=(*vectors.remarks, found.sentence))


def _may_be_told(vectors: EmbeddingSet) -> bool:
    origin = vectors.provenance
    return not origin.transform and not origin.weights_sha256 and is_at_hand(origin.encoder)


def is_at_hand(encoder: str) -> bool:
    """Return whether an encoder of this name loads without asking the hub: bundled, a folder or a checkpoint file."""
    if not encoder:
        return False
    from sde_core.encoders.resolve import resolve

    try:
        return resolve(encoder, None).is_local
    except (SDEError, OSError):
        return False

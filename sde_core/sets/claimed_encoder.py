"""The encoder that a set of vectors names: compared with the vectors where both are at hand."""

from dataclasses import replace

from sde_core.encoders import load_encoder
from sde_core.encoders.resolve import resolve
from sde_core.errors import SDEError
from sde_core.sets.agreement import BEGINNING, Agreement, compare_with_encoder
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.sets.trained_on import with_training


def agreement_of(vectors: EmbeddingSet) -> Agreement | None:
    """Return how vectors compare with the encoder that they name, None where that cannot be told here.

    Told are vectors that were not transformed, do not carry the digest of the weights that made them (those are known),
    and name an encoder on this machine; nothing is fetched.
    """
    origin = vectors.provenance
    if origin.transform or origin.weights_sha256 or not is_at_hand(origin.encoder):
        return None
    try:
        return compare_with_encoder(vectors, load_encoder(origin.encoder, device="cpu"))
    except (SDEError, OSError):
        return None


def with_agreement(vectors: EmbeddingSet) -> EmbeddingSet:
    """Return the set with remarks: whether its vectors are the named encoder's, and whether that was trained on them.

    Each is told where it can be told here.
    """
    vectors = with_training(vectors)
    if any(remark.startswith(BEGINNING) for remark in vectors.remarks):
        return vectors
    found = agreement_of(vectors)
    return vectors if found is None else replace(vectors, remarks=(*vectors.remarks, found.sentence))


def is_at_hand(encoder: str) -> bool:
    """Return whether an encoder of this name loads without asking the hub: bundled, a folder or a checkpoint file."""
    if not encoder:
        return False
    try:
        return resolve(encoder, None).is_local
    except (SDEError, OSError):
        return False

"""Pairs through an encoder into an EmbeddingSet: read ahead, resumable, broken items skipped and counted."""

from sde_core.encoding.encode import encode_pairs
from sde_core.encoding.progress import EncodeProgress

__all__ = ["EncodeProgress", "encode_pairs"]

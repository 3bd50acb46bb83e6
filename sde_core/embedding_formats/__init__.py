"""Readers of embeddings, one format a file, behind one call."""

from sde_core.embedding_formats.detect import FORMATS
from sde_core.embedding_formats.opening import EmbeddingFacts, describe_embeddings, open_embeddings

__all__ = ["FORMATS", "EmbeddingFacts", "describe_embeddings", "open_embeddings"]

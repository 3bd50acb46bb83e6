"""Embedding sets: vectors with pairing, metadata and provenance, in memory and on disk."""

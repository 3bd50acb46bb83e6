"""Readers of image-text pairs, one format a file."""

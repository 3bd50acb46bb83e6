"""Curriculum: what enhancement or pruning would do."""

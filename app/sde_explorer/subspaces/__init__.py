"""Subspaces: what a direction means."""

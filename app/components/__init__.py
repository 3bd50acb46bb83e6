"""Widgets that return plain values."""

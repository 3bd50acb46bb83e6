"""Data: open your own."""

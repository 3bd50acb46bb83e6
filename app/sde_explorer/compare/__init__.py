"""Compare: two embedding sets side by side."""

"""Overview: what is in this set."""

"""What all views read of a set."""

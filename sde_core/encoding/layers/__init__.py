"""What each layer of both towers of an encoder holds: one pass, sums of O(width²) a layer."""

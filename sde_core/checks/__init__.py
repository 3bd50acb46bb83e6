"""Input checks at the border: what a user passes becomes finite tensors, or a sentence says why not."""

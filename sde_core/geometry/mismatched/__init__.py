"""Which pairs are wrong: captions that stand with pictures of something else (noisy correspondence)."""

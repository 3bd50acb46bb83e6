"""Which pairs are wrong: captions that stand with images of something else (noisy correspondence)."""

"""Training: a short fine-tuning, live."""

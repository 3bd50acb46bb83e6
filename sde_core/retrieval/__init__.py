"""Ranks, metrics from ranks, their intervals, and the links between images and captions."""

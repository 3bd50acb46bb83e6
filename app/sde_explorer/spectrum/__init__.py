"""Spectrum: how many directions are strong, weak, noise."""

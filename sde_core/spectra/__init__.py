"""Singular spectra of one modality, of both, of what they share; their chance levels and metrics."""

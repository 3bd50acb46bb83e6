"""The only package with Streamlit's caches; keys are a content fingerprint and frozen values, never arrays."""

from app.cache.curriculum import certificates, fitted, gains, strong_gains, transform
from app.cache.machine import device_name, encoder_names
from app.cache.pictures import pairs, picture
from app.cache.sets import Dataset, cache_folder, dataset, entries_of, known_sets
from app.cache.spectra import bands, headline, partition, spectrum

__all__ = [
    "Dataset",
    "bands",
    "cache_folder",
    "certificates",
    "dataset",
    "device_name",
    "encoder_names",
    "entries_of",
    "fitted",
    "gains",
    "headline",
    "known_sets",
    "pairs",
    "partition",
    "picture",
    "spectrum",
    "strong_gains",
    "transform",
]

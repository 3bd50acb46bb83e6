"""The only package with Streamlit's caches; keys are a content fingerprint and frozen values, never arrays."""

from app.cache.compare import Common, common, other_entry, other_sets
from app.cache.curriculum import certificates, fitted, gains, strong_gains, transform
from app.cache.directions import joint_spectrum, reading, reading_figures, table_of
from app.cache.energies import band_shares, pairs_by_band
from app.cache.figures import batches, bootstrap, centring, row_metrics, rules
from app.cache.machine import device_name, encoder_names
from app.cache.maps import colour_names, colours_by_band, colours_by_column, pca, rows_of_map, umap
from app.cache.pictures import pairs, picture, thumbnail
from app.cache.recall import recall_jobs, recall_parts, surface_job
from app.cache.sets import Dataset, cache_folder, dataset, entries_of, entry_of, known_sets
from app.cache.spectra import bands, chance, headline, matrix_bands, matrix_spectrum, partition, spectrum

__all__ = [
    "Common",
    "Dataset",
    "band_shares",
    "bands",
    "batches",
    "bootstrap",
    "cache_folder",
    "centring",
    "certificates",
    "chance",
    "colour_names",
    "colours_by_band",
    "colours_by_column",
    "common",
    "dataset",
    "device_name",
    "encoder_names",
    "entries_of",
    "entry_of",
    "fitted",
    "gains",
    "headline",
    "joint_spectrum",
    "known_sets",
    "matrix_bands",
    "matrix_spectrum",
    "other_entry",
    "other_sets",
    "pairs",
    "pairs_by_band",
    "partition",
    "pca",
    "picture",
    "reading",
    "reading_figures",
    "recall_jobs",
    "recall_parts",
    "row_metrics",
    "rows_of_map",
    "rules",
    "spectrum",
    "strong_gains",
    "surface_job",
    "table_of",
    "thumbnail",
    "transform",
    "umap",
]

"""The only package with Streamlit's caches; keys are a content fingerprint and frozen values, never arrays."""

from app.cache.compare import Common, common, other_entry, other_sets
from app.cache.curriculum import certificates, fitted, gains, strong_gains, transform
from app.cache.directions import joint_spectrum, reading, reading_figures, table_of
from app.cache.energies import band_shares, pairs_by_band
from app.cache.figures import batches, bootstrap, centring, row_metrics, rules
from app.cache.machine import device_name, encoder_names, memory_in_use
from app.cache.maps import colour_names, colours_by_band, colours_by_column, pca, rows_of_map, umap
from app.cache.pictures import pairs, picture, thumbnail
from app.cache.recall import recall_jobs, recall_parts, surface_job
from app.cache.search import (
    Query,
    encoder_is_here,
    encoder_job,
    forget_encoder,
    found_after,
    found_before,
    index_after,
    index_before,
    own_caption,
    own_query,
    picture_query,
    text_query,
)
from app.cache.sets import Dataset, cache_folder, dataset, entries_of, entry_of, known_sets
from app.cache.spectra import bands, chance, headline, matrix_bands, matrix_spectrum, partition, spectrum
from app.cache.tour import tour_searches

__all__ = [
    "Common",
    "Dataset",
    "Query",
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
    "encoder_is_here",
    "encoder_job",
    "encoder_names",
    "entries_of",
    "entry_of",
    "fitted",
    "forget_encoder",
    "found_after",
    "found_before",
    "gains",
    "headline",
    "index_after",
    "index_before",
    "joint_spectrum",
    "known_sets",
    "matrix_bands",
    "matrix_spectrum",
    "memory_in_use",
    "other_entry",
    "other_sets",
    "own_caption",
    "own_query",
    "pairs",
    "pairs_by_band",
    "partition",
    "pca",
    "picture",
    "picture_query",
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
    "text_query",
    "thumbnail",
    "tour_searches",
    "transform",
    "umap",
]

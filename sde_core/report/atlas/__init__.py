"""Several encoders read alike on one set: spectrum, bands, rank, gap, compressibility, retrieval, on one page."""

from sde_core.report.atlas.make import Atlas, make_atlas
from sde_core.report.atlas.reading import EncoderReading, KeptRecall, read_encoder

__all__ = ["Atlas", "EncoderReading", "KeptRecall", "make_atlas", "read_encoder"]

"""The three maps of a set's pictures by band, and the pictures in one sheet, made once beside the page."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

import sde_core as sde
from sde_core.vocabulary import BANDS
from sde_explorer.jobs import Job
from sde_explorer.readings.cached import pictures
from sde_explorer.readings.cached.background import in_background
from sde_explorer.readings.cached.sets import Dataset, cache_folder
from sde_explorer.readings.cached.spectra import bands, spectrum
from sde_explorer.subspaces.cached.maps import POINT_S
from sde_explorer.subspaces.map_job import laid_out, map_path
from sde_explorer.subspaces.numbers.atlas import (
    FEWEST_FOR_UMAP,
    BandMap,
    Sheet,
    band_coefficients,
    first_plane,
    picture_sheet,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from sde_explorer.subspaces.state import SubspacesState


_PICTURE_S = 0.001
"""Seconds that a picture takes in the sheet, where that was not seen yet."""


def rows_of_atlas(data: Dataset, state: "SubspacesState") -> "npt.NDArray[np.int64]":
    """Return the rows of the pictures: all, or a seeded sample of so many as the state says."""
    from sde_core.geometry.projection import sample_rows

    return sample_rows(data.embeddings.n_images, int(state.atlas_pictures.replace(",", "")))


def more_s(state: "SubspacesState", made: "Job[Sheet] | None", count: int, more: int) -> float:
    """Return about how many seconds the atlases of more pictures take, at least one.

    Args:
        state: says how they are laid out.
        made: the job of the sheet that is shown.
        count: pictures in it.
        more: pictures in the other one.
    """
    took = made.seconds / max(count, 1) if made is not None and made.seconds else _PICTURE_S
    each = took * (made is not None) + (len(BANDS) * POINT_S if state.map == "UMAP" else 0.0)
    return max(1.0, each * more)


def planes(data: Dataset, state: "SubspacesState") -> tuple[BandMap, ...]:
    """Return the pictures in the plane of the two largest directions of each band."""
    return tuple(first_plane(_coefficients(data, state, band), band) for band in range(len(BANDS)))


def layouts(data: Dataset, state: "SubspacesState") -> "list[Job[BandMap]]":
    """Return a job for each band that lays out the neighbourhoods of its coefficients; kept as a file."""
    return [_layout(data, state, band) for band in range(len(BANDS))]


def sheet(data: Dataset, state: "SubspacesState") -> "Job[Sheet] | None":
    """Return the job that makes the sheet, or None where the pictures are not on this machine."""
    source = data.embeddings.provenance.pairs
    if pictures.pairs(source) is None:
        return None
    ids = [data.embeddings.image_ids[int(row)] for row in rows_of_atlas(data, state)]

    def contents() -> "Iterator[bytes | None]":
        opened = pictures.pairs(source)
        for one in ids:
            try:
                yield None if opened is None else opened.find(one).read_image()
            except sde.DataError:
                yield None

    def work(job: Job) -> Sheet:
        return picture_sheet(contents(), len(ids), lambda done, total: job.report(done / total))

    key = f"sheet/{data.fingerprint}/{len(ids)}"
    return in_background("sheet", key, "Pictures of the atlas", work, lane="sheet")


def _coefficients(data: Dataset, state: "SubspacesState", band: int) -> "npt.NDArray[np.float32]":
    [report] = bands(data, state, ("image",))
    vectors = data.embeddings.image[rows_of_atlas(data, state)]
    return band_coefficients(vectors, spectrum(data, "image", state.center), report.labels, band)


def _layout(data: Dataset, state: "SubspacesState", band: int) -> "Job[BandMap]":
    [report] = bands(data, state, ("image",))
    members = np.flatnonzero(report.labels == band)
    content = f"{data.fingerprint}/{state.center}/{len(rows_of_atlas(data, state))}/{members.tolist()}"
    path = map_path(hashlib.sha256(content.encode()).hexdigest()[:24], cache_folder())

    def work(job: Job) -> BandMap:
        along = _coefficients(data, state, band)
        plane = first_plane(along, band)
        if plane.count < FEWEST_FOR_UMAP:
            return plane
        found = laid_out(job, path, lambda: along, 0).numpy().astype(np.float32)
        return BandMap(band=plane.band, count=plane.count, flat=found)

    title = f"UMAP by {len(members):,} {BANDS[band]} directions"
    return in_background(f"atlas {band}", f"atlas/{path}/{band}", title, work, lane="map")

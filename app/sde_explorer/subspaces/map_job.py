"""A UMAP in the background, kept as a file so that it is laid out once; those of bundled sets came with them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sde_core as sde
from sde_core.files import bundled
from sde_core.glossary.formats import percent
from sde_explorer.jobs.job import Job
from sde_explorer.jobs.outside import workers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

_KIND = "sde.map"
# The neighbours take about as long as a tenth of the layout.
_STAGES = {"neighbours": (0.0, 0.1), "layout": (0.1, 0.9)}


def umap_job(
    name: str, title: str, vectors: "Callable[[], npt.NDArray[np.floating]]", cache: Path, *, seed: int = 0
) -> Job:
    """Return the job that lays out a map; its result is (p, 2) float32.

    Args:
        name: digest of everything that the map depends on but the seed.
        title: whose map it is, in words.
        vectors: returns the (p, n) rows, in the job's thread.
        cache: folder whose ``maps`` takes the file.
        seed: of the layout.
    """
    path = map_path(name, cache, seed=seed)
    return Job(
        key=f"map/{path}",
        kind="map",
        title=title,
        work=lambda job: laid_out(job, path, vectors, seed).numpy(),
    )


def map_path(name: str, cache: Path, *, seed: int = 0) -> Path:
    """Return the file of a map, by what it depends on."""
    return cache / "maps" / f"{name}-{seed}.safetensors"


def laid_out(job: Job, path: Path, vectors: "Callable[[], npt.NDArray[np.floating]]", seed: int) -> "Tensor":
    """Return the (p, 2) map in this file, or the one that came along; where there is none, lay it out and write it."""
    for kept in (path, came_along(path)):
        found = _read(kept)
        if found is not None:
            return found

    job.report(0.0, "loading umap-learn")
    workers.do(job, "map", {"path": str(path), "seed": seed}, [vectors()])
    laid = _read(path)
    if laid is None:
        raise sde.DataError(
            f"the map {path} was laid out and is gone: do not empty the cache while work runs"
        )
    return laid


def do_map(job: Job, settings: "Mapping[str, Any]", arrays: "Sequence[npt.NDArray[Any]]") -> None:
    """Lay out a map and write it; the work of `laid_out` in a process of its own: numba holds the interpreter.

    Args:
        job: hears how far it is.
        settings: the "path" of the file, and the "seed".
        arrays: the (p, n) rows, alone.
    """
    from sde_core.files.tensor_file import write_tensors

    def follow(stage: str, share: float) -> None:
        start, part = _STAGES[stage]
        left = job.left_at(share) if stage == "layout" else None
        words = "looking for neighbours" if stage == "neighbours" else f"laying out, {percent(share)}"
        job.report(start + part * share, words, seconds_left=left)

    job.report(0.0, "loading umap-learn")
    [rows] = arrays
    path, seed = Path(settings["path"]), settings["seed"]
    found = sde.umap_map(rows, seed=seed, progress=follow)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tensors(path, {"map": found}, kind=_KIND, header={"rows": str(len(rows))})


def came_along(path: Path) -> Path | None:
    """Return where a map of that name lies with the bundled data, which `python -m data.maps_recipe` makes."""
    try:
        return bundled.maps_folder() / path.name
    except sde.DataError:
        return None  # installed without them


def _read(path: Path | None) -> "Tensor | None":
    from sde_core.files.tensor_file import read_tensors

    if path is None or not path.is_file():
        return None
    try:
        tensors, _ = read_tensors(path, kind=_KIND, writer="the Subspaces page")
    except sde.DataError:
        return None  # made again, and written in its place
    return tensors["map"]

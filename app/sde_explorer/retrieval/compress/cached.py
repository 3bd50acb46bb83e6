"""What keeping less costs, measured beside the page and kept by content and settings."""

from functools import partial
from typing import TYPE_CHECKING

from sde_explorer.readings.cached.background import in_background
from sde_explorer.readings.cached.exact import best
from sde_explorer.retrieval.cached import recall_parts
from sde_explorer.retrieval.compress.numbers import (
    CODES,
    MOST_ASKED,
    MOST_EXACT,
    MOST_FITTED,
    Compressed,
    compressed,
)
from sde_explorer.retrieval.numbers.parts import SEED

if TYPE_CHECKING:
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.exact import Best
    from sde_explorer.readings.cached.sets import Dataset


def compress_best(data: "Dataset", captions: str) -> "Best":
    """Return `compress_job` of a seeded sample, or of all once this session asked for them.

    Args:
        data: the set, of both modalities.
        captions: in the gallery, "primary" or "all".

    Raises:
        DataError: the set is too small to be halved.
    """
    return best("kept", f"{data.fingerprint}/{captions}", [partial(compress_job, data, captions)])


def compress_job(data: "Dataset", captions: str, whole: bool = False) -> "Job[Compressed]":
    """Return the job whose result, and partial result, is what every width, kind of axes and code costs.

    Args:
        data: the set, of both modalities.
        captions: in the gallery, "primary" or "all".
        whole: whether is searched among as many pictures as can be.

    Raises:
        DataError: the set is too small to be halved.
    """
    most = MOST_EXACT if whole else MOST_ASKED
    fit, test = recall_parts(data, captions)

    def work(job: "Job[Compressed]") -> Compressed:
        def report(share: float, note: str, found: Compressed | None) -> None:
            job.report(share, note, seconds_left=job.left_at(share), partial=found)

        return compressed(fit, test, report, most=most)

    settings = "/".join(map(str, (captions, *CODES, most, MOST_FITTED, SEED)))
    slot = "compress all" if whole else "compress"
    return in_background(
        slot, f"compress/{data.fingerprint}/{settings}", "Keep how much?", work, lane="compress"
    )

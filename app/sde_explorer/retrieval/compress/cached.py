"""What keeping less costs, measured beside the page and kept by content and settings."""

from typing import TYPE_CHECKING

from sde_explorer.readings.cached.background import in_background
from sde_explorer.retrieval.cached import recall_parts
from sde_explorer.retrieval.compress.numbers import CODES, MOST_ASKED, MOST_FITTED, Compressed, compressed
from sde_explorer.retrieval.numbers.parts import SEED

if TYPE_CHECKING:
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.sets import Dataset


def compress_job(data: "Dataset", captions: str) -> "Job[Compressed]":
    """Return the job whose result, and partial result, is what every width, kind of axes and code costs.

    Args:
        data: the set, of both modalities.
        captions: in the gallery, "primary" or "all".

    Raises:
        DataError: the set is too small to be halved.
    """
    fit, test = recall_parts(data, captions)

    def work(job: "Job[Compressed]") -> Compressed:
        def report(share: float, note: str, found: Compressed | None) -> None:
            job.report(share, note, seconds_left=job.left_at(share), partial=found)

        return compressed(fit, test, report)

    settings = "/".join(map(str, (captions, *CODES, MOST_ASKED, MOST_FITTED, SEED)))
    return in_background(
        "compress", f"compress/{data.fingerprint}/{settings}", "Keep how much?", work, lane="compress"
    )

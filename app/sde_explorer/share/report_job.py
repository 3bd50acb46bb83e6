"""A report in the background: opened from disk as the command line does, computed, rendered."""

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sde_explorer.intake.names import data_name
from sde_explorer.jobs.job import Job

if TYPE_CHECKING:
    from sde_core.report import ReportSpec


@dataclass(frozen=True, kw_only=True)
class MadeReport:
    """What making a report ended with.

    Attributes:
        page: the HTML file.
        content: every number of it.
    """

    page: str
    content: dict[str, Any]


def report_job(spec: "ReportSpec") -> Job:
    """Return the job that makes a report; its result is a `MadeReport`.

    The sets are opened anew by their names in the spec, so that `sde report --spec` makes the same.

    Args:
        spec: what is asked for.
    """
    text = json.dumps(spec.as_dict(), sort_keys=True)
    return Job(
        key=f"report/{hashlib.sha256(text.encode()).hexdigest()[:24]}",
        kind="report",
        title=f"Report of {data_name(spec.sets[0].embeddings)}",
        work=lambda job: _make(job, spec),
    )


def _make(job: Job, spec: "ReportSpec") -> MadeReport:
    from sde_core.report import make_report

    def follow(what: str, done: int, total: int) -> None:
        share = done / total
        left = job.left_at(share) if done > 2 else None
        job.report(share, f"{what}, {done + 1} of {total}", seconds_left=left)

    job.report(0.0, "opening the set")
    report = make_report(spec, progress=follow)
    return MadeReport(page=report.html(), content=report.content)

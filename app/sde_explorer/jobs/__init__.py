"""Long work in threads that never call streamlit: it survives reruns, view switches and a lost browser."""

from sde_explorer.jobs.encoding import Encoded, encoding_job, encoding_key
from sde_explorer.jobs.job import Cancelled, Job, T
from sde_explorer.jobs.opening import Opened, opening_job
from sde_explorer.jobs.queue import JobQueue, queue
from sde_explorer.jobs.unfinished import Unfinished, over, unfinished

__all__ = [
    "Cancelled",
    "Encoded",
    "Job",
    "JobQueue",
    "Opened",
    "T",
    "Unfinished",
    "encoding_job",
    "encoding_key",
    "opening_job",
    "over",
    "queue",
    "unfinished",
]

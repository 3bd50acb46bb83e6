"""Long work in threads that never call streamlit: it survives reruns, view switches and a lost browser."""

from sde_explorer.jobs.encoding import Encoded, encoding_job
from sde_explorer.jobs.job import Cancelled, Job, T
from sde_explorer.jobs.opening import Opened, opening_job
from sde_explorer.jobs.queue import JobQueue, queue

__all__ = [
    "Cancelled",
    "Encoded",
    "Job",
    "JobQueue",
    "Opened",
    "T",
    "encoding_job",
    "opening_job",
    "queue",
]

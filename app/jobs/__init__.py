"""Long work in threads that never call streamlit: it survives reruns, view switches and a lost browser."""

from app.jobs.encoding import Encoded, encoding_job
from app.jobs.job import Cancelled, Job
from app.jobs.maps import umap_job
from app.jobs.opening import Opened, opening_job
from app.jobs.queue import JobQueue, queue

__all__ = [
    "Cancelled",
    "Encoded",
    "Job",
    "JobQueue",
    "Opened",
    "encoding_job",
    "opening_job",
    "queue",
    "umap_job",
]

"""The jobs of this process: one for each key, one heavy job on each device at a time."""

import atexit
import threading
import time
from collections import OrderedDict, deque

from sde_explorer.jobs.job import Job, T
from sde_explorer.packages import import_packages

ENDED_KEPT = 32
"""Ended jobs whose result stays in memory; those that nobody asked for the longest leave first."""
LIGHT_KEPT = 32
"""The same of light results, beside them: one for each of twenty visitors with thresholds of their own, and some."""


class JobQueue:
    """Jobs by key; those of one device run one after another, in the order in which they came.

    One that nobody looks at any more gives way to the next one of its device.
    """

    def __init__(self, ended_kept: int = ENDED_KEPT) -> None:
        self._ended_kept = ended_kept
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lanes: dict[str, deque[Job]] = {}
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        # A thread that the end of the process meets in the middle of a product would abort it.
        atexit.register(self.close)

    def close(self, patience_s: float = 10.0) -> None:
        """Stop all jobs and wait for their threads, for as long as ``patience_s``; the last thing that a process does.

        Args:
            patience_s: a job looks whether it was stopped where it reports how far it is.
        """
        until = time.monotonic() + patience_s
        for job in self.all():
            if job.is_active:
                job.cancel()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def submit(self, job: Job[T]) -> Job[T]:
        """Return the job to follow: one that is active or done under the same key, else ``job``, which starts.

        One that failed or was cancelled does not stand in the way of another attempt.
        """
        import_packages()  # its thread imports while this one does
        with self._lock:
            known = self._jobs.get(job.key)
            if known is not None and (known.status == "done" or (known.is_active and not known.is_stopping)):
                self._jobs.move_to_end(job.key)
                return known
            self._jobs[job.key] = job
            job.ahead = lambda: self.ahead(job)
            self._jobs.move_to_end(job.key)
            self._forget()
            lane = self._lanes.setdefault(job.device, deque())
            for other in lane:  # nobody looks at it any more, and somebody waits for this one
                if other.is_left:
                    other.cancel()
            lane.append(job)
            if len(lane) == 1:
                name = f"jobs-{job.device}"
                thread = threading.Thread(target=self._work_off, args=(lane,), daemon=True, name=name)
                self._threads.add(thread)
                thread.start()
        return job

    def put(self, job: Job[T]) -> Job[T]:
        """Keep a job that has ended, as if it had run here, and return it."""
        with self._lock:
            self._jobs[job.key] = job
            self._jobs.move_to_end(job.key)
            self._forget()
        return job

    def find(self, key: str) -> Job | None:
        """Return the job with this key, active or ended, or None; an ended one is kept longer for it."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and not job.is_active:
                self._jobs.move_to_end(key)
            return job

    def active(self, kind: str, owner: str | None = None) -> list[Job]:
        """Return the jobs of a kind that run or wait, whichever session started them, oldest first.

        Args:
            kind: of the jobs.
            owner: whose; None is everybody's.
        """
        with self._lock:
            found = [job for job in self._jobs.values() if job.kind == kind and job.is_active]
        return [job for job in found if owner in (None, job.owner)]

    def all(self) -> list[Job]:
        """Return all jobs that are kept, active and ended, those asked for last at the end."""
        with self._lock:
            return list(self._jobs.values())

    def ahead(self, job: Job) -> list[Job]:
        """Return what a waiting job waits for, in order."""
        with self._lock:
            lane = list(self._lanes.get(job.device, ()))
        return [other for other in lane[: lane.index(job)] if other.is_active] if job in lane else []

    def forget(self, key: str) -> None:
        """Drop an ended job and its result."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and not job.is_active:
                del self._jobs[key]

    def _work_off(self, lane: deque[Job]) -> None:
        while True:
            lane[0].run()
            with self._lock:
                lane.popleft()
                if not lane:  # the next submit starts another thread
                    self._threads.discard(threading.current_thread())
                    return

    def _forget(self) -> None:
        for is_light, kept in ((False, self._ended_kept), (True, LIGHT_KEPT)):
            ended = [key for key, job in self._jobs.items() if job.is_light == is_light and not job.is_active]
            for key in ended[: max(0, len(ended) - kept)]:
                del self._jobs[key]


queue = JobQueue()
"""Of this process: what one session started, every session can follow."""

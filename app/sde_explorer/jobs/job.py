"""One piece of long work: how far it is, what came of it, and a way to stop it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, cast

from typing_extensions import TypeVar

import sde_core as sde
from sde_explorer.serving import log

T = TypeVar("T", default=Any)
"""What the work of a job returns."""
_TELLING_SHARE = 0.05  # of less the pace says little: what is loaded first, and what is compiled, takes long
Status = Literal["waiting", "running", "done", "failed", "cancelled"]


class Cancelled(Exception):
    """Raised inside the work to end it."""


@dataclass(eq=False, kw_only=True)
class Job(Generic[T]):
    """A piece of work, known by its key; written by its own thread, read by every session.

    Attributes:
        key: digest or name of everything that the result depends on.
        kind: what sort of work it is, such as "encode".
        title: what is done, in words.
        work: is given the job, reports to it, and returns the result.
        device: heavy work on one device runs one at a time.
        owner: whose it is, where not everybody sees it.
        is_light: whether its result takes a few megabytes: many of these are kept.
        status: where it stands.
        share: how much is done, in [0, 1].
        note: what it does right now, in words.
        seconds_left: estimate of the work itself, or None where it has none.
        partial: what can be shown before the end; the work says what it is.
        result: what ``work`` returned; None before it has ended, and where it failed.
        error: one sentence, if it failed.
        figures: numbers of the work for the server's log.
        watchers: sessions that look at what waits for it.
        is_left: whether there were some, and all have gone.
        was_stopped: whether a person stopped it: it does not begin again by itself.
        ahead: what it waits for, in order.
        take: given each piece of news of the work, where it has any.
        on_stop: called when it is asked to stop while it runs.
        on_end: called once it has run, however it ended.
    """

    key: str
    kind: str
    title: str
    work: "Callable[[Job[T]], T]"
    device: str = "cpu"
    owner: str = ""
    is_light: bool = False
    status: Status = "waiting"
    share: float = 0.0
    note: str = ""
    seconds_left: float | None = None
    partial: Any = None
    result: T = cast("T", None)  # noqa: RUF009  (read once the job is done)
    error: str = ""
    figures: dict[str, object] = field(default_factory=dict)
    watchers: set[str] = field(default_factory=set)
    is_left: bool = False
    was_stopped: bool = False
    ahead: "Callable[[], list[Job]]" = list
    take: "Callable[[Any], None] | None" = None
    on_stop: "Callable[[], None] | None" = None
    on_end: "Callable[[Job[T]], None] | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _end: threading.Event = field(default_factory=threading.Event)
    _started: float = 0.0
    _seconds: float = 0.0

    @classmethod
    def ended(cls, key: str, title: str, result: T, seconds: float) -> "Job[T]":
        """Return a job that is done: work that was too short for a thread, or whose result was kept.

        Args:
            key: as of the class.
            title: as of the class.
            result: what it came to.
            seconds: that it took.
        """
        job = cls(key=key, kind="figure", title=title, work=_over, status="done", share=1.0, result=result)
        job._seconds = seconds
        job._end.set()
        return job

    @property
    def is_active(self) -> bool:
        """Whether it runs or waits for its turn."""
        return self.status in ("waiting", "running")

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    @property
    def seconds(self) -> float:
        """Seconds that it has run."""
        return time.monotonic() - self._started if self.status == "running" else self._seconds

    def watch(self, who: str) -> None:
        """Note that a session looks at what waits for this job."""
        with self._lock:
            self.watchers.add(who)
            self.is_left = False

    def stop(self) -> None:
        """Cancel it for a person, who says when it begins again."""
        self.was_stopped = True
        self.cancel()

    def leave(self, who: str) -> None:
        """Note that a session looks elsewhere."""
        with self._lock:
            if who in self.watchers:
                self.watchers.discard(who)
                self.is_left = not self.watchers

    def cancel(self) -> None:
        """Ask it to stop at its next report; a job that waits ends at once."""
        with self._lock:
            self._stop.set()
            if self.status == "waiting":
                self._finish("cancelled")
        if self.on_stop is not None:
            self.on_stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until it has ended and return True, or False when the time is up first."""
        return self._end.wait(timeout_s)

    def report(
        self,
        share: float,
        note: str = "",
        *,
        seconds_left: float | None = None,
        partial: object = None,
        news: object = None,
        may_stop: bool = True,
    ) -> None:
        """Take how far the work is; the work calls this as often as it can stop.

        Args:
            share: how much is done; outside [0, 1] is cut.
            note: what it does right now, in words.
            seconds_left: estimate of the work itself.
            partial: what can be shown already; None keeps the last.
            news: what has happened since, as JSON has it; it is taken even by a job that stops.
            may_stop: whether it can stop here: not where all is done but for what it leaves.

        Raises:
            Cancelled: `cancel` was called.
        """
        if news is not None and self.take is not None:
            self.take(news)
        if may_stop and self._stop.is_set():
            raise Cancelled
        self.share, self.note, self.seconds_left = min(max(share, 0.0), 1.0), note, seconds_left
        if partial is not None:
            self.partial = partial

    def left_at(self, share: float) -> float | None:
        """Return the seconds that are left at the pace so far; None while too little is done to tell."""
        return self.seconds * (1 - share) / share if share > _TELLING_SHARE else None

    def run(self) -> None:
        """Do the work in this thread; whatever happens, the job ends with a status."""
        with self._lock:
            if self.status != "waiting":
                return
            self._started, self.status = time.monotonic(), "running"
        status: Status = "failed"
        try:
            self.result = self.work(self)
            status = "done"
        except Cancelled:
            status = "cancelled"
        except sde.SDEError as error:
            self.error = str(error)
        except Exception as error:  # a thread's error would otherwise vanish
            self.error = log.unforeseen(error, kind=self.kind, title=self.title)
        finally:
            with self._lock:
                self._seconds = time.monotonic() - self._started
                self._finish(status)
            self._tell()
            if self.on_end is not None:
                self.on_end(self)

    def fresh(self) -> "Job[T]":
        """Return the same work, not yet begun; for one that failed or was stopped, and is no figure of a view."""
        return Job(
            key=self.key,
            kind=self.kind,
            title=self.title,
            work=self.work,
            device=self.device,
            owner=self.owner,
        )

    def _tell(self) -> None:
        """Write the job's line into the log."""
        known = {
            "kind": self.kind,
            "title": self.title,
            "status": self.status,
            "seconds": round(self._seconds, 3),
        }
        log.tell("job", **known, **({"error": self.error} if self.error else {}), **self.figures)

    def _finish(self, status: Status) -> None:
        self.status = status
        if status == "done" or self.kind == "figure":
            self.work = _over  # what it held may be large
        self._end.set()


def _over(_: Job[T]) -> T:
    raise RuntimeError("the work of an ended job was let go")

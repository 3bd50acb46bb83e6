"""Encoding in a thread that never calls streamlit: it survives reruns and view switches, and can be cancelled."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import sde_core as sde
from app.sets import known_sets


class _CancelledError(Exception):
    """Raised inside the encoding to end it."""


@dataclass
class EncodeJob:
    """One encoding on its way.

    Attributes:
        title: what is encoded, in words.
        source: the pairs, as `open_pairs` takes them.
        encoder: as `load_encoder` takes it; its own name once it is loaded.
        progress: the newest report, or None before the first.
        folder: where the set was saved, once it is.
        error: one sentence, if it failed.
        note: what the thread is doing, in words.
        n_skipped: items that could not be used.
        was_there: whether the same pairs had been encoded by the same weights before.
        was_shown: whether the page has opened the result.
    """

    title: str
    source: str
    encoder: str
    progress: "sde.EncodeProgress | None" = None
    folder: Path | None = None
    error: str = ""
    note: str = "Loading the encoder"
    n_skipped: int = 0
    was_there: bool = False
    was_shown: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def was_cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Ask the thread to stop at the next batch; nothing is written."""
        self._stop.set()

    def start(self, encode: "Callable[[EncodeJob], Path]") -> None:
        """Run ``encode`` in a thread; its result becomes `folder`, its sentence `error`."""

        def work() -> None:
            try:
                self.folder = encode(self)
            except _CancelledError:
                pass
            except sde.SDEError as error:
                self.error = str(error)
            except Exception as error:  # a thread's error would otherwise vanish
                self.error = f"the encoding failed: {type(error).__name__}: {error}"

        self._thread = threading.Thread(target=work, daemon=True, name="encode")
        self._thread.start()

    def report(self, progress: "sde.EncodeProgress") -> None:
        """Take a report; the callback for `encode_pairs`.

        Raises:
            _CancelledError: `cancel` was called.
        """
        if self._stop.is_set():
            raise _CancelledError
        self.progress, self.note = progress, ""


def encode_to_cache(job: EncodeJob, load: "Callable[[], sde.Encoder]", cache: Path) -> Path:
    """Encode the job's pairs and return the folder of the set; one that is there already is not made again.

    A set is known by the fingerprints of its pairs and of its weights, so that changed files are encoded again.

    Raises:
        SDEError: pairs or encoder cannot be used.
    """
    pairs = sde.open_pairs(job.source)
    encoder = load()
    job.encoder = encoder.name
    for entry in known_sets(cache):
        same = (entry.data, entry.pairs_fingerprint, entry.weights)
        if same == (pairs.uri, pairs.fingerprint, encoder.weights_sha256):
            job.was_there = True
            return Path(entry.folder)
    label = re.sub(r"[^A-Za-z0-9]+", "-", "-".join(job.source.split("/")[-2:])).strip("-")[:60]
    folder = cache / "embeddings" / f"{label}-{pairs.fingerprint[:8]}-{encoder.weights_sha256[:8]}"
    embeddings = sde.encode_pairs(encoder, pairs, progress=job.report, name=job.source)
    job.n_skipped = len(embeddings.skipped)
    return embeddings.save(folder)

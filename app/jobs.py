"""Encoding in a thread that never calls streamlit: it survives reruns and view switches, and can be cancelled."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import sde_core as sde


class _CancelledError(Exception):
    """Raised inside the encoding to end it."""


@dataclass
class EncodeJob:
    """One encoding on its way.

    Attributes:
        title: what is encoded, in words.
        progress: the newest report, or None before the first.
        folder: where the set was saved, once it is.
        error: one sentence, if it failed.
        note: what the thread is doing, in words.
    """

    title: str
    progress: "sde.EncodeProgress | None" = None
    folder: Path | None = None
    error: str = ""
    note: str = "Loading the encoder"
    n_skipped: int = 0
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


def encode_to_cache(job: EncodeJob, source: str, load: "Callable[[], sde.Encoder]", cache: Path) -> Path:
    """Encode ``source`` and return the folder of the set; one that is there already is not made again.

    The folder is named by the fingerprints of the pairs and of the weights.

    Raises:
        SDEError: pairs or encoder cannot be used.
    """
    pairs = sde.open_pairs(source)
    encoder = load()
    name = source.rstrip("/").rsplit("/", 2)[-2:]
    label = "-".join(part.replace("*", "").replace(".tar.gz", "").replace(".tar", "") for part in name)
    folder = cache / "embeddings" / f"{label}-{pairs.fingerprint[:8]}-{encoder.weights_sha256[:8]}"
    if folder.is_dir():
        return folder
    embeddings = sde.encode_pairs(encoder, pairs, progress=job.report, name=source)
    job.n_skipped = len(embeddings.skipped)
    return embeddings.save(folder)

"""The dashboard in a process of its own, opened on one set: for notebooks, and for `sde open`."""

import os
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from sde_core.errors import ConfigError

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet

_STARTS_IN_S = 120


class Dashboard:
    """A server of the dashboard on this machine; `stop`, or the end of a ``with`` block, ends it.

    Attributes:
        url: address of the page on the set.
        process: of the server.
    """

    def __init__(
        self,
        url: str,
        process: "subprocess.Popen[bytes]",
        kept: "tempfile.TemporaryDirectory[str] | None" = None,
    ) -> None:
        self.url, self.process, self._kept = url, process, kept

    def __repr__(self) -> str:
        """Return the address, and whether it still answers."""
        return f"Dashboard({self.url!r}, {'running' if self.process.poll() is None else 'stopped'})"

    def _repr_html_(self) -> str:
        return f'<a href="{self.url}" target="_blank">Open the dashboard</a>'

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server; what was saved for it only is removed."""
        self.process.terminate()
        self.process.wait()
        if self._kept is not None:
            self._kept.cleanup()


def explore(embeddings: "EmbeddingSet", *, port: int = 0, open_browser: bool = True) -> Dashboard:
    """Open the dashboard on a set that a notebook or a program holds.

    Args:
        embeddings: written to a temporary folder, which is removed when the server is stopped.
        port: on 127.0.0.1; 0 takes a free one.
        open_browser: whether a tab is opened.

    Raises:
        ConfigError: the dashboard is not installed, or did not start.
    """
    kept = tempfile.TemporaryDirectory(prefix="sde-explore-")
    folder = embeddings.save(
        Path(kept.name) / (embeddings.name.replace(os.sep, "-")[:60].strip(". ") or "set")
    )
    try:
        found = serve(folder, port=port)
    except ConfigError:
        kept.cleanup()
        raise
    found._kept = kept
    if open_browser:
        import webbrowser

        webbrowser.open(found.url)
    return found


def serve(folder: Path, *, port: int = 0) -> Dashboard:
    """Start the dashboard for this user, and return when it answers.

    Args:
        folder: of a saved set.
        port: on 127.0.0.1; 0 takes a free one.

    Raises:
        ConfigError: the dashboard is not installed, or did not start.
    """
    import argparse

    from sde_core.cli.app import command_of

    port = port or _free_port()
    wanted = argparse.Namespace(port=port, address="127.0.0.1", no_browser=True, max_upload=None)
    log = tempfile.TemporaryFile()  # noqa: SIM115  (the server writes it as long as it runs)
    process = subprocess.Popen(command_of(wanted), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    end = time.monotonic() + _STARTS_IN_S
    try:
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > end:
                log.seek(0)
                last = (log.read().decode(errors="replace").strip() or "it said nothing").splitlines()[-1]
                raise ConfigError(f"the dashboard did not start on port {port}: {last}")
            time.sleep(0.1)
    except BaseException:  # an interruption, too, leaves nobody behind
        process.kill()
        process.wait()
        raise
    return Dashboard(f"http://127.0.0.1:{port}/?{urlencode({'data': str(folder.resolve())})}", process)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])

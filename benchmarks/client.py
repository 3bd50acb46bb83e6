"""A client of the dashboard's server without a browser: it speaks Streamlit's own WebSocket protocol."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


@contextmanager
def server(
    *options: str, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[str, "subprocess.Popen[bytes]", Path]]:
    """Start `sde app` on a free port; yield its address, its process and its log.

    Args:
        options: of the command.
        folder: to work in; the log is written there.
        environment: more variables.

    Raises:
        RuntimeError: it did not answer within a minute.
    """
    port = free_port()
    command = [sys.executable, "-m", "sde_core", "app", "--no-browser", "--port", str(port), *options]
    with started(command, port, folder=folder, environment=environment) as found:
        yield found


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(
    command: Sequence[str], port: int, *, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[str, "subprocess.Popen[bytes]", Path]]:
    """Start a server by a command; as `server`."""
    log = folder / "server.log"
    paths = os.pathsep.join(path for path in sys.path if path)
    given = {"PYTHONPATH": paths, **os.environ, **(environment or {})}
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=folder, env=given, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while not _answers(url):
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError(f"the server does not answer: {log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield url, process, log
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


class Client:
    """One browser tab: it asks for pages, moves widgets, and keeps what the last run of the script showed.

    Args:
        url: of the server.
        headers: of the connection, such as a cookie.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, timeout_s: float = 120) -> None:
        from websockets.sync.client import connect

        self._timeout_s = timeout_s
        self.url = url
        self._open = ExitStack()
        self._connection = self._open.enter_context(
            connect(
                f"ws{url.removeprefix('http')}/_stcore/stream",
                subprotocols=["streamlit"],  # type: ignore[list-item]
                additional_headers={"Origin": url, **(headers or {})},
                max_size=None,
                open_timeout=timeout_s,
            )
        )
        self.messages: list[ForwardMsg] = []
        self._pages: dict[str, str] = {}

    def close(self) -> None:
        """Leave."""
        self._open.close()

    def run(self, page: str = "", query: str = "", widgets: Sequence[Any] = ()) -> list[ForwardMsg]:
        """Ask for a page and return every message until its script has ended.

        Args:
            page: path of the view, without a slash; "" is the Overview.
            query: of the address.
            widgets: states to send along.

        Raises:
            TimeoutError: it took longer than the client waits.
        """
        message = self._request(page, query)
        for state in widgets:
            message.rerun_script.widget_states.widgets.append(state)
        self._connection.send(message.SerializeToString())
        return self.wait()

    def _request(self, page: str, query: str) -> BackMsg:
        """Return what asks for a page; a session that knows its pages calls them by their hash, as a browser does."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_script_hash = self._pages.get(page, "")
        message.rerun_script.page_name = page
        return message

    def _learn(self, message: ForwardMsg) -> None:
        if message.WhichOneof("type") == "navigation":
            for page in message.navigation.app_pages:
                self._pages["" if page.is_default else page.url_pathname] = page.page_script_hash

    def wait(self) -> list[ForwardMsg]:
        """Return the messages up to the end of the script that runs.

        Raises:
            TimeoutError: it took longer than the client waits.
        """
        until, found = time.monotonic() + self._timeout_s, []
        while True:
            data = self._connection.recv(timeout=max(until - time.monotonic(), 0.01))
            message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
            found.append(message)
            self._learn(message)
            # A rerun that was asked for inside the script begins a new one: its end is what counts.
            if message.WhichOneof("type") == "script_finished" and message.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
            ):
                self.messages = found
                return found

    def text(self) -> str:
        """Return all words of the last run, as they stand in its messages."""
        return "\n".join(str(m.delta) for m in self.messages if m.WhichOneof("type") == "delta")

    def widget(self, label: str) -> str:
        """Return the id of the widget that the last run showed under a label.

        Raises:
            KeyError: there is none.
        """
        for message in self.messages:
            if message.WhichOneof("type") != "delta":
                continue
            element = message.delta.new_element
            kind = element.WhichOneof("type")
            shown = getattr(element, kind) if kind else None
            if getattr(shown, "label", None) == label:
                return str(shown.id)
        known = sorted(set(re.findall(r'label: "(.*?)"', self.text())))
        raise KeyError(f"no widget {label!r}; there are {', '.join(known)}")

"""A browser tab that behaves: it asks parts of the page again at the pace that the server set, until all has come."""

import math
import time
from collections.abc import Callable

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.client import Client

_WHOLE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_WITH_COMPILE_ERROR)


class Tab(Client):
    """A client that follows what the page computes beside itself, as a browser does.

    Attributes:
        polls: how often it asked for a part of the page again.
    """

    polls = 0

    def open(self, page: str, query: str = "", *, patience_s: float = math.inf) -> tuple[float, float]:
        """Ask for a page; return seconds until it answered, and until nothing on it was on its way any more.

        Args:
            page: path of the view.
            query: of the address.
            patience_s: seconds after which one looks elsewhere, though something is on its way; it then counts
                as infinitely long.

        Raises:
            TimeoutError: it took longer than the client waits.
        """
        message = self._request(page, query)
        while self._received(0) is not None:
            pass  # what came of the page before, after it had settled
        begin = time.monotonic()
        self._connection.send(message.SerializeToString())
        answered, again, script = 0.0, dict[str, tuple[float, float]](), ""
        is_begun = is_over = False
        while True:
            now = time.monotonic()
            if now - begin > self._timeout_s:
                raise TimeoutError(f"{page or 'overview'}?{query} did not settle in {self._timeout_s:.0f} s")
            if is_over and now - begin > patience_s:
                return answered, math.inf
            again = {part: self._asked(part, *when, script, query) for part, when in again.items()}
            received = self._received(min([due for due, _ in again.values()], default=now + 1) - now)
            if received is None:
                continue
            kind = received.WhichOneof("type")
            if kind == "new_session":
                script = received.new_session.page_script_hash
                if not received.metadata.run.fragment_ids:  # a whole run: the page is drawn anew
                    self.messages, again, is_begun, is_over = [], {}, True, False
            elif kind == "navigation":  # the page that an address without a hash has come to
                script = received.navigation.page_script_hash or script
            elif kind == "auto_rerun":
                interval = received.auto_rerun.interval
                again.setdefault(received.auto_rerun.fragment_id, (time.monotonic() + interval, interval))
            elif kind == "stop_auto_rerun":
                for part in received.stop_auto_rerun.fragment_ids:
                    again.pop(part, None)
            self.messages.append(received)
            self._learn(received)
            if is_begun and kind == "script_finished" and received.script_finished in _WHOLE:
                answered, is_over = answered or time.monotonic() - begin, True
            if is_over and not again:
                return answered, time.monotonic() - begin

    def _asked(self, part: str, due: float, interval: float, script: str, query: str) -> tuple[float, float]:
        """Ask for a part of the page if it is time; return when it is due next, and its pace."""
        if time.monotonic() < due:
            return due, interval
        message = BackMsg()
        rerun = message.rerun_script
        rerun.fragment_id, rerun.page_script_hash, rerun.is_auto_rerun = part, script, True
        rerun.query_string = query
        self._connection.send(message.SerializeToString())
        self.polls += 1
        return time.monotonic() + interval, interval

    def _received(self, timeout_s: float) -> ForwardMsg | None:
        try:
            data = self._connection.recv(timeout=max(timeout_s, 0.001))
        except TimeoutError:
            return None
        return ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())

    def elements(self, kind: str) -> list[object]:
        """Return the elements of a kind that the page shows, such as "number_input"."""
        found: Callable[[ForwardMsg], object] = lambda m: getattr(m.delta.new_element, kind)  # noqa: E731
        return [
            found(m)
            for m in self.messages
            if m.WhichOneof("type") == "delta" and m.delta.new_element.WhichOneof("type") == kind
        ]

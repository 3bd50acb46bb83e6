"""Looks that the server asks for itself: a tab learns at once that what it waits for has ended. No streamlit here.

A page looks at what runs at a pace that twenty tabs can keep (`crowd`). When the last job that a tab waits for ends,
one such look comes from here, as if the browser had sent it: nobody waits for the pace.

Who comes is known here before any page runs for them (`is_awaited`).
"""

import asyncio
import secrets
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Message, Receive, Scope, Send

HEADER = "x-sde-tab"
"""Of a connection, for the page: which tab it is."""
_DELAY_S = 0.05
"""What the page has just drawn is on its way to the browser before the look comes in."""
_TO_COME_S, _TO_BEGIN_S = 3.0, 60.0
"""A browser that got the page connects within the first, and a page is begun for it within the second, or never."""
_SMALL, _LARGEST = 512, 1 << 20
"""Bytes of what is read on its way out, and on its way in."""


@dataclass(eq=False)
class _Tab:
    """A connection.

    Attributes:
        loop: that serves it.
        asked: looks that were asked for here.
        part: of the page that follows what runs, as it was drawn last.
        context: what the browser said of itself.
        page: hash of the page that was drawn.
        query: of its address.
        is_drawn: whether the page is drawn to its end.
        is_wanted: whether a look shall come as soon as it is.
        begun_by: until when a page may still be begun for it; 0 once one was.
    """

    loop: asyncio.AbstractEventLoop
    asked: "asyncio.Queue[bytes]" = field(default_factory=asyncio.Queue)
    part: str = ""
    context: bytes = b""
    page: str = ""
    query: str = ""
    is_drawn: bool = False
    is_wanted: bool = False
    begun_by: float = 0.0


_tabs: dict[str, _Tab] = {}
_tab_of: dict[str, str] = {}
_lock = threading.Lock()
_comes_by = 0.0  # until when the browser that got the page last may connect


def ask() -> None:
    """Note that a browser asks for the page: it will connect."""
    global _comes_by
    _comes_by = time.monotonic() + _TO_COME_S


def is_awaited() -> bool:
    """Return whether somebody has asked for the page, or connected, and no page was begun for them yet."""
    now = time.monotonic()
    with _lock:
        return now < _comes_by or any(now < tab.begun_by for tab in _tabs.values())


def is_drawing() -> bool:
    """Return whether the page of somebody who is connected is not drawn to its end yet."""
    with _lock:
        return not all(tab.is_drawn for tab in _tabs.values())


def begin(session: str, name: str) -> None:
    """Note that a session's page is being drawn.

    Args:
        session: id of it.
        name: of its tab, from the header; empty where there is none.
    """
    with _lock:
        if name in _tabs:
            _tab_of[session] = name
            _tabs[name].is_drawn, _tabs[name].begun_by = False, 0.0


def drawn(session: str, *, page: str, query: str) -> None:
    """Note that a session's page is drawn to its end.

    Args:
        session: id of it.
        page: hash of the page.
        query: of its address.
    """
    with _lock:
        tab = _tabs.get(_tab_of.get(session, ""))
        if tab is None:
            return
        tab.page, tab.query, tab.is_drawn = page, query, True
        is_wanted, tab.is_wanted = tab.is_wanted, False
    if is_wanted:
        look(session)


def look(session: str) -> None:
    """Let a session look at what runs; at once, or when its page is drawn. Any thread may call it."""
    with _lock:
        tab = _tabs.get(_tab_of.get(session, ""))
        if tab is None:
            return
        tab.is_wanted = not tab.is_drawn
    if not tab.is_wanted:
        with suppress(RuntimeError):  # the server is closing
            tab.loop.call_soon_threadsafe(tab.loop.call_later, _DELAY_S, _ask, tab)


def _ask(tab: _Tab) -> None:
    from streamlit.proto.BackMsg_pb2 import BackMsg

    if not tab.part or not tab.asked.empty():
        return
    message = BackMsg()
    rerun = message.rerun_script
    if tab.context:
        rerun.context_info.ParseFromString(tab.context)
    rerun.fragment_id, rerun.page_script_hash, rerun.query_string = tab.part, tab.page, tab.query
    rerun.is_auto_rerun = True
    tab.asked.put_nowait(message.SerializeToString())


async def connected(
    app: Callable[[Scope, Receive, Send], Awaitable[None]], scope: Scope, receive: Receive, send: Send
) -> None:
    """Serve a connection that may be asked to look.

    Args:
        app: that serves it.
        scope: of the connection; the page finds its tab's name in the headers.
        receive: what comes from the browser.
        send: what goes to the browser.
    """
    name = secrets.token_hex(8)
    tab = _Tab(asyncio.get_running_loop(), begun_by=time.monotonic() + _TO_BEGIN_S)
    key = HEADER.encode()
    headers = [(k, v) for k, v in scope["headers"] if k.lower() != key]
    with _lock:
        _tabs[name] = tab
    coming = _Coming(receive, tab)
    try:
        await app(
            {**scope, "headers": [*headers, (key, name.encode())]}, coming.next, lambda m: _sent(tab, m, send)
        )
    finally:
        coming.close()
        with _lock:
            _tabs.pop(name, None)
            for session in [s for s, known in _tab_of.items() if known == name]:
                del _tab_of[session]


async def _sent(tab: _Tab, message: Message, send: Send) -> None:
    """Send a message; note which part of the page follows what runs."""
    data = message.get("bytes") or b""
    if 0 < len(data) <= _SMALL:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        with suppress(Exception):  # not one of Streamlit's
            found = ForwardMsg.FromString(data)
            if found.WhichOneof("type") == "auto_rerun":
                tab.part = found.auto_rerun.fragment_id
    await send(message)


class _Coming:
    """What comes from the browser, and looks that are asked for here between."""

    def __init__(self, receive: Receive, tab: _Tab) -> None:
        self._receive, self._tab = receive, tab
        self._message: asyncio.Future[Message] | None = None

    async def next(self) -> Message:
        """Return what comes next."""
        self._message = self._message or asyncio.ensure_future(self._receive())
        asked = asyncio.ensure_future(self._tab.asked.get())
        try:
            both: list[asyncio.Future[Any]] = [self._message, asked]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return {"type": "websocket.receive", "bytes": asked.result()}
        finally:
            asked.cancel()
        message, self._message = self._message.result(), None
        self._note(message)
        return message

    def _note(self, message: Message) -> None:
        """Keep what the browser says of itself: a look from here says the same."""
        data = message.get("bytes") or b""
        if 0 < len(data) <= _LARGEST:
            from streamlit.proto.BackMsg_pb2 import BackMsg

            with suppress(Exception):  # not one of Streamlit's
                found = BackMsg.FromString(data)
                if found.WhichOneof("type") == "rerun_script" and found.rerun_script.HasField("context_info"):
                    self._tab.context = found.rerun_script.context_info.SerializeToString()

    def close(self) -> None:
        """Wait for nothing any more."""
        if self._message is not None:
            self._message.cancel()

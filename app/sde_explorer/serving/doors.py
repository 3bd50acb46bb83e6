"""The doors of the server: which requests come in at all. ASGI middleware; no streamlit in what decides."""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sde_explorer.serving.crowd import arrived, left
from sde_explorer.serving.looks import ask, connected
from sde_explorer.serving.policy import current

STREAM = "/_stcore/stream"
_CLOSED = re.compile(r".*/_stcore/(?:metrics|agent/.*)", re.DOTALL)
"""Of Streamlit: its counts of caches and sessions, and pages by HTTP, which no door here would count."""
_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013
_MOST_BYTES = 4096
"""A message that asks to clear the caches has a few bytes; longer ones are not looked into."""
_FULL = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>SDE Explorer is full</title>
<meta http-equiv="refresh" content="20"><meta name="viewport" content="width=device-width">
<style>:root{color-scheme:light dark}body{font:1.05rem/1.5 sans-serif;max-width:34rem;margin:18vh auto;padding:0 1rem}
</style></head><body><h1>SDE Explorer is full</h1>
<p>As many people use it right now as this server takes at one time. This page tries again by itself, every twenty
seconds; no click is needed.</p></body></html>"""


class HostDoor:
    """Refuses requests under a name that is not this server's, and requests that another site's page makes.

    A page somewhere else could have its own name lead to this machine and drive the dashboard from the browser of
    whoever looks at it (DNS rebinding); what it cannot change is the name in its requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with a sentence."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        wrong = _what_is_wrong(headers.get("host", ""), headers.get("origin"))
        if _CLOSED.fullmatch(scope["path"]):
            await _refuse(scope, receive, send, "closed", status=404)
        elif wrong:
            await _refuse(scope, receive, send, wrong, status=403)
        else:
            await self._app(scope, receive, send)


def _what_is_wrong(host: str, origin: str | None) -> str:
    """Return why a request is refused, or an empty text."""
    name, named = _name(f"//{host}"), current().hosts
    if not _is_ours(name):
        return (
            f"This server does not know itself by the name {name!r}: start it with --host {name or 'NAME'}\n"
        )
    if origin in (None, f"http://{host}", f"https://{host}"):
        return ""
    if _name(origin or "") in named or "*" in named:
        return ""
    return "This page belongs to another server.\n"


def _is_ours(name: str) -> bool:
    """Return whether a name is this machine's, was given with --host, or is an address, which cannot be rebound."""
    hosts = current().hosts
    if name in ("localhost", socket.gethostname().lower()) or name in hosts or "*" in hosts:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


async def _refuse(scope: Scope, receive: Receive, send: Send, sentence: str, *, status: int) -> None:
    if scope["type"] == "http":
        await PlainTextResponse(sentence, status)(scope, receive, send)
    else:
        await _close(receive, send, _POLICY_VIOLATION)


async def _close(receive: Receive, send: Send, code: int) -> None:
    await receive()  # the handshake, which is answered by a 403
    await send({"type": "websocket.close", "code": code})


class SessionDoor:
    """Takes so many browser tabs at one time; who comes then sees a page that says so and tries again.

    It also drops the message by which any tab could clear the caches that all tabs share.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; count what stays connected."""
        is_stream = scope["type"] == "websocket" and scope["path"].endswith(STREAM)
        is_full = 0 < current().max_sessions <= self._open
        if is_stream and is_full:
            await _close(receive, send, _TRY_AGAIN_LATER)
        elif is_stream:
            self._open += 1
            arrived()
            try:
                await connected(self._app, scope, _without_clearing(receive), send)
            finally:
                self._open -= 1
                left()
        elif is_full and wants_page(scope):
            response = HTMLResponse(_FULL, 503, {"Retry-After": "20", "Cache-Control": "no-store"})
            await response(scope, receive, send)
        else:
            if wants_page(scope):
                ask()
            await self._app(scope, receive, send)


def wants_page(scope: Scope) -> bool:
    """Return whether a browser asks for a page, and not for a part of one."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and "text/html" in Headers(scope=scope).get("accept", "")
    )


def _without_clearing(receive: Receive) -> Receive:
    """Return ``receive`` without the messages that ask to clear the caches."""
    from streamlit.proto.BackMsg_pb2 import BackMsg

    async def kept() -> Message:
        while True:
            message = await receive()
            data = message.get("bytes") or b""
            if not 0 < len(data) <= _MOST_BYTES:
                return message
            try:
                kind = BackMsg.FromString(data).WhichOneof("type")
            except Exception:
                return message
            if kind != "clear_cache":
                return message

    return kept

"""Our style and script inside the page that the browser asks for first, so that it holds before anything is drawn.

What a script sends as HTML arrives after the first widgets, and the page would jump when it does.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_END_OF_HEAD = b"</head>"


class EarlyStyle:
    """ASGI middleware that puts a style and a script at the end of the head of every HTML page.

    Args:
        app: what is served.
        css: rules.
        js: runs before the page's own scripts, which wait for the page to be read.
    """

    def __init__(self, app: ASGIApp, *, css: str, js: str = "") -> None:
        self._app = app
        script = f"<script>{js}</script>" if js else ""
        self._style = f"<style>{css}</style>{script}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; pages come back with the style."""
        if scope["type"] != "http" or not _wants_page(scope):
            await self._app(scope, receive, send)
            return
        # Neither packed nor "as you have it": the browser's copy may hold the style of another version.
        kept = [pair for pair in scope["headers"] if pair[0] not in _CONDITIONS]
        held: list[Message] = []

        async def take(message: Message) -> None:
            held.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                for part in _styled(held, self._style):
                    await send(part)

        await self._app({**scope, "headers": kept}, receive, take)


_CONDITIONS = (b"accept-encoding", b"if-none-match", b"if-modified-since")


def _wants_page(scope: Scope) -> bool:
    accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return scope["method"] == "GET" and b"text/html" in accepted


def _styled(messages: list[Message], style: bytes) -> list[Message]:
    """Return a whole response with the style in it, if it is a page."""
    start, body = messages[0], b"".join(m.get("body", b"") for m in messages[1:])
    headers = MutableHeaders(raw=list(start["headers"]))
    if not headers.get("content-type", "").startswith("text/html") or _END_OF_HEAD not in body:
        return messages
    body = body.replace(_END_OF_HEAD, style + _END_OF_HEAD, 1)
    headers["content-length"] = str(len(body))
    for name in ("etag", "last-modified"):
        if name in headers:
            del headers[name]
    return [{**start, "headers": headers.raw}, {"type": "http.response.body", "body": body}]

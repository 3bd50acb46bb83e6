"""Who a visitor is: a cookie that lasts as long as what they leave, and a folder that nobody else is shown."""

import hashlib
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from http.cookies import SimpleCookie
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sde_explorer.serving.doors import wants_page
from sde_explorer.serving.policy import current

COOKIE = "sde_visitor"
FOLDER = "visitors"
KEPT_S = 7 * 24 * 3600
"""Seconds after which what a visitor left is removed."""
_TOKEN = re.compile(r"[\w-]{32,64}")


class VisitorCookie:
    """ASGI middleware that gives each browser a random name, where not all who come are one person."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; a page comes back with the cookie if the browser has none."""
        is_new = not current().one_user and wants_page(scope) and not _is_known(scope)
        if not is_new:
            await self._app(scope, receive, send)
            return
        secure = "; Secure" if scope.get("scheme") == "https" else ""

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                rest = f"Path=/; Max-Age={KEPT_S}; HttpOnly; SameSite=Lax{secure}"
                cookie = f"{COOKIE}={secrets.token_urlsafe(24)}; {rest}"
                MutableHeaders(raw=message["headers"]).append("set-cookie", cookie)
            await send(message)

        await self._app(scope, receive, with_cookie)


def _is_known(scope: Scope) -> bool:
    cookies: SimpleCookie = SimpleCookie()
    with suppress(Exception):  # another site's broken cookie is not ours
        cookies.load(Headers(scope=scope).get("cookie", ""))
    return COOKIE in cookies and _TOKEN.fullmatch(cookies[COOKIE].value) is not None


def visitor_folder(base: Path, *, signed_in: str, cookie: str, session: str) -> Path:
    """Return where a visitor's sets, uploads and trainings lie; its name tells nothing of who it is.

    Args:
        base: cache folder of the server.
        signed_in: who the sign-in says it is; empty without one.
        cookie: what the browser sent.
        session: name of the browser tab, for browsers that keep no cookie.
    """
    known = cookie if _TOKEN.fullmatch(cookie) else ""
    kind, name = next(item for item in (("user", signed_in), ("browser", known), ("tab", session)) if item[1])
    return base / FOLDER / hashlib.sha256(f"{kind}/{name}".encode()).hexdigest()[:24]


def seen(folder: Path) -> None:
    """Note that a visitor was here, where anything of them is kept."""
    with suppress(OSError):
        os.utime(folder)


def sweep(base: Path, *, now: float | None = None) -> list[Path]:
    """Remove the folders of visitors who were not here for a week, and return them."""
    now = time.time() if now is None else now
    gone = []
    for folder in (base / FOLDER).glob("*"):
        with suppress(OSError):
            if now - folder.stat().st_mtime > KEPT_S:
                shutil.rmtree(folder)
                gone.append(folder)
    return gone

"""Uploads on their way into memory: how many and how much, of one session and of all together."""

import re
from collections.abc import Mapping, Sequence, Sized

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sde_explorer.serving.policy import current

_PATH = re.compile(r".*/_stcore/upload_file/([^/]+)/[^/]+")
_MIB = 1 << 20


class UploadDoor:
    """ASGI middleware that refuses an upload before its first byte is read, where it would be too much.

    Streamlit keeps what was uploaded in memory until the session ends.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._coming: list[tuple[str, int]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with a sentence."""
        match = (
            _PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        )
        if match is None:
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if not length.isdecimal():
            await PlainTextResponse("an upload must say how long it is", 411)(scope, receive, send)
            return
        one = (match[1], int(length))
        problem = too_much(stored_sizes(), self._coming, session=match[1], size=int(length))
        if problem:
            await PlainTextResponse(problem, 413)(scope, receive, send)
            return
        self._coming.append(one)  # each for itself: several may come for one name at the same time
        try:
            await self._app(scope, receive, send)
        finally:
            self._coming.remove(one)


def too_much(
    stored: Mapping[str, list[int]], coming: Sequence[tuple[str, int]], *, session: str, size: int
) -> str:
    """Return why one more upload is too much, or an empty text.

    Args:
        stored: bytes of the files in memory, by session.
        coming: session and bytes of each upload that is on its way.
        session: whose upload it is.
        size: of it, in bytes.
    """
    policy = current()
    own = [*stored.get(session, []), *(n for owner, n in coming if owner == session)]
    if len(own) >= policy.upload_files:
        return f"at most {policy.upload_files:,} files can be uploaded at one time: put them in one zip"
    if sum(own) + size > (policy.upload_mib + 1) * _MIB:  # what wraps a file takes a little
        return f"uploads may have {policy.upload_mib:,} MiB together: take earlier ones off the list"
    everything = sum(map(sum, stored.values())) + sum(n for _, n in coming)
    if everything + size > max(policy.server_upload_mib, policy.upload_mib + 1) * _MIB:
        return "this server holds as many uploads as it can: try again later"
    return ""


def stored_sizes() -> dict[str, list[int]]:
    """Return the bytes of the uploads that Streamlit holds, by session."""
    from streamlit.runtime import Runtime, exists

    if not exists():
        return {}
    held: Mapping[str, Mapping[str, object]] = getattr(
        Runtime.instance().uploaded_file_mgr, "file_storage", {}
    )
    return {
        session: [
            len(data)
            for file in list(files.values())
            if isinstance(data := getattr(file, "data", b""), Sized)
        ]
        for session, files in list(held.items())
    }

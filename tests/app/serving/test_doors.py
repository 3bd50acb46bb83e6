import asyncio
import socket

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from sde_explorer.serving import looks
from sde_explorer.serving.doors import HostDoor, SessionDoor
from sde_explorer.serving.uploading import UploadDoor, too_much
from sde_explorer.serving.visitors import COOKIE, KEPT_S, VisitorCookie, sweep, visitor_folder


class Inside:
    """What lies behind a door: counts who came in, answers, reads a WebSocket to its end."""

    def __init__(self) -> None:
        self.came, self.heard = 0, []

    async def __call__(self, scope, receive, send):
        self.came += 1
        if scope["type"] == "http":
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]}
            )
            await send({"type": "http.response.body", "body": b"inside"})
            return
        while (message := await receive())["type"] != "websocket.disconnect":
            self.heard.append(message)


def _ask(door, path="/", kind="http", method="GET", incoming=(), **headers):
    """Return status or close code, headers and text of the answer."""
    scope = {
        "type": kind, "path": path, "method": method, "scheme": "http", "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    sent, queue = [], [{"type": "websocket.connect"}, *incoming, {"type": "websocket.disconnect"}]

    async def receive():
        return (
            queue.pop(0) if kind == "websocket" else {"type": "http.request", "body": b"", "more_body": False}
        )

    async def send(message):
        sent.append(message)

    asyncio.run(door(scope, receive, send))
    if not sent:
        return 0, {}, ""
    body = b"".join(m.get("body", b"") for m in sent).decode()
    return sent[0].get("status", sent[0].get("code")), dict(sent[0].get("headers", [])), body


GOOD = [
    "127.0.0.1:8501",
    "localhost:8501",
    "LOCALHOST",
    "192.168.1.7:8501",
    "[::1]:8501",
    socket.gethostname(),
    "sde.lab",
]
BAD = [
    "evil.example:8501",
    "evil.example",
    "",
    "localhost.evil.example",
    "127.0.0.1.nip.io",
    "127.1",
    "[",
    "sde.lab.evil",
]


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_server_answers_to_its_own_names_alone(rules, kind):
    rules(hosts=("sde.lab",))
    inside = Inside()
    door = HostDoor(inside)
    for host in GOOD:
        assert _ask(door, kind=kind, host=host)[0] in (200, 0), host
    assert inside.came == len(GOOD)
    for host in BAD:
        assert _ask(door, kind=kind, host=host)[0] in (403, 1008), host
    assert inside.came == len(GOOD)
    rules(hosts=("*",))
    assert _ask(door, kind=kind, host="anything.example")[0] in (200, 0)


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_pages_of_other_servers_may_not_ask(rules, kind):
    rules()
    door = HostDoor(Inside())
    here = {"kind": kind, "host": "127.0.0.1:8501"}
    assert _ask(door, **here, origin="http://127.0.0.1:8501")[0] in (200, 0)
    assert _ask(door, **here)[0] in (200, 0)
    for origin in (
        "http://evil.example",
        "http://127.0.0.1:3000",
        "http://localhost:8501",
        "null",
        "http://[",
        "",
    ):
        assert _ask(door, **here, origin=origin)[0] in (403, 1008), origin
    # Rebinding: both headers name the attacker.
    assert _ask(door, kind=kind, host="evil.example:8501", origin="http://evil.example:8501")[0] in (
        403,
        1008,
    )
    rules(hosts=("sde.lab",))  # a proxy that keeps the outer name from us
    assert _ask(door, **here, origin="https://sde.lab")[0] in (200, 0)


def test_the_metrics_and_pages_without_a_tab_are_closed(rules):
    rules()
    for path in (
        "/_stcore/metrics",
        "/base/_stcore/metrics",
        "/_stcore/agent/interact",
        "/_stcore/agent/mcp",
    ):
        assert _ask(HostDoor(Inside()), path, host="localhost")[0] == 404
    assert _ask(HostDoor(Inside()), "/_stcore/health", host="localhost")[0] == 200


def test_a_full_server_says_so_and_takes_the_next_when_one_leaves(rules):
    rules(max_sessions=1)

    async def scene():
        door, let_go, answers = SessionDoor(Inside()), asyncio.Event(), []

        async def stays():
            await let_go.wait()
            return {"type": "websocket.disconnect"}

        async def nothing(message):
            answers.append(message)

        stream = {"type": "websocket", "path": "/_stcore/stream", "headers": []}
        page = {
            "type": "http",
            "path": "/",
            "method": "GET",
            "headers": [(b"accept", b"text/html,*/*")],
            "query_string": b"",
        }
        first = asyncio.create_task(door(stream, stays, nothing))
        await asyncio.sleep(0)
        await door(page, stays, nothing)
        await door(stream, _connect, nothing)
        await door({**page, "headers": []}, stays, nothing)  # a part of a page comes through
        let_go.set()
        await first
        await door(page, stays, nothing)
        return answers

    async def _connect():
        return {"type": "websocket.connect"}

    answers = asyncio.run(scene())
    assert [a.get("status", a.get("code")) for a in answers if "status" in a or "code" in a] == [
        503,
        1013,
        200,
        200,
    ]
    assert b"SDE Explorer is full" in answers[1]["body"]


def test_who_gets_the_page_is_awaited_and_who_gets_a_part_of_one_is_not(rules, monkeypatch):
    rules()
    monkeypatch.setattr(looks, "_comes_by", 0.0)
    door = SessionDoor(Inside())
    for path, accepts in (("/static/a.js", "*/*"), ("/_stcore/health", "")):
        assert _ask(door, path, accept=accepts)[0] == 200
        assert not looks.is_awaited()
    assert _ask(door, "/spectrum", accept="text/html,*/*")[0] == 200
    assert looks.is_awaited()
    monkeypatch.setattr(looks, "_comes_by", 0.0)


def test_nobody_clears_the_caches_of_all(rules):
    rules()
    inside = Inside()
    clear, other = (BackMsg(**{name: True}).SerializeToString() for name in ("clear_cache", "stop_script"))
    frames = [{"type": "websocket.receive", "bytes": data} for data in (clear, other, b"\xff\xff", clear)]
    _ask(SessionDoor(inside), "/_stcore/stream", "websocket", incoming=frames)
    assert [m.get("bytes") for m in inside.heard] == [None, other, b"\xff\xff"]


def test_each_browser_gets_a_name_that_lasts(rules):
    rules(one_user=False)
    door = VisitorCookie(Inside())
    _, headers, _ = _ask(door, accept="text/html")
    cookie = headers[b"set-cookie"].decode()
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert b"set-cookie" not in _ask(door, accept="text/html", cookie=cookie.partition(";")[0])[1]
    assert b"set-cookie" in _ask(door, accept="text/html", cookie=f"{COOKIE}=../../x")[1]
    assert b"set-cookie" not in _ask(door, accept="image/png")[1]
    rules()
    assert b"set-cookie" not in _ask(door, accept="text/html")[1]


def test_visitors_have_folders_of_their_own_that_do_not_tell_who_they_are(tmp_path):
    token = "a" * 32
    ways = [
        ("me@lab", token, "s"),
        ("", token, "s"),
        ("", "../../etc", "s"),
        ("", "b" * 32, "s"),
        ("you", "", "t"),
    ]
    folders = [visitor_folder(tmp_path, signed_in=u, cookie=c, session=s) for u, c, s in ways]
    assert len(set(folders)) == 5
    assert {f.parent for f in folders} == {tmp_path / "visitors"}
    assert not any(token in str(f) or "lab" in str(f) for f in folders)
    assert folders[0] == visitor_folder(tmp_path, signed_in="me@lab", cookie="", session="another")


def test_what_a_visitor_left_goes_after_a_week(tmp_path):
    for name in ("old", "new"):
        (tmp_path / "visitors" / name / "uploads").mkdir(parents=True)
    now = (tmp_path / "visitors" / "old").stat().st_mtime
    assert sweep(tmp_path, now=now + KEPT_S - 60) == []
    __import__("os").utime(tmp_path / "visitors" / "new", (now + 120, now + 120))
    assert [f.name for f in sweep(tmp_path, now=now + KEPT_S + 60)] == ["old"]
    assert [f.name for f in (tmp_path / "visitors").iterdir()] == ["new"]


def test_uploads_are_counted_before_their_first_byte(rules):
    rules(upload_mib=10, server_upload_mib=25, upload_files=3)
    mib = 1 << 20
    assert too_much({}, [], session="a", size=10 * mib) == ""
    assert "10 MiB together" in too_much({}, [], session="a", size=12 * mib)
    assert "10 MiB together" in too_much({"a": [6 * mib]}, [("a", 3 * mib)], session="a", size=3 * mib)
    assert too_much({"b": [9 * mib]}, [], session="a", size=10 * mib) == ""
    assert "as many uploads as it can" in too_much(
        {"b": [9 * mib], "c": [9 * mib]}, [], session="a", size=10 * mib
    )
    assert "at most 3 files" in too_much({"a": [1, 1]}, [("a", 1)], session="a", size=1)


def test_an_upload_without_a_length_or_with_a_large_one_is_not_read(rules):
    rules(upload_mib=1)
    inside = Inside()
    door, place = UploadDoor(inside), "/_stcore/upload_file/session/file"
    assert _ask(door, place, method="PUT", content_length="1000")[0] == 200
    assert _ask(door, place, method="PUT")[0] == 411
    assert _ask(door, place, method="PUT", content_length="-5")[0] == 411
    assert _ask(door, f"/base{place}", method="PUT", content_length=str(3 << 20))[0] == 413
    assert inside.came == 1
    assert _ask(door, "/elsewhere", method="PUT")[0] == 200


def test_uploads_of_one_name_that_come_at_the_same_time_count_each(rules):
    rules(upload_mib=10)
    mib, answers, most = 1 << 20, [], [0, 0]

    async def inside(scope, receive, send):
        most[0] += 1
        most[1] = max(most)
        await asyncio.sleep(0)
        most[0] -= 1

    async def send(message):
        answers.append(message.get("status"))

    async def scene():
        door = UploadDoor(inside)
        scope = {
            "type": "http", "method": "PUT", "path": "/_stcore/upload_file/session/file",
            "headers": [(b"content-length", str(4 * mib).encode())],
        }  # fmt: skip
        await asyncio.gather(*(door(scope, None, send) for _ in range(5)))
        await door(scope, None, send)  # nothing is on its way any more

    asyncio.run(scene())
    assert most == [0, 2]
    assert [answer for answer in answers if answer] == [413] * 3

"""A look that the server asks for comes in as if the browser had sent it, once the page is drawn."""

import asyncio
from types import SimpleNamespace

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from sde_explorer.serving import looks


def _from_browser() -> dict:
    message = BackMsg()
    message.rerun_script.context_info.timezone = "Europe/Berlin"
    return {"type": "websocket.receive", "bytes": message.SerializeToString()}


def _follows(part: str) -> dict:
    message = ForwardMsg()
    message.auto_rerun.fragment_id, message.auto_rerun.interval = part, 4.0
    return {"type": "websocket.send", "bytes": message.SerializeToString()}


def _scene(act, before=lambda: None) -> list[dict]:
    """Let a page draw a part that follows what runs, then act; return what comes in until the browser leaves.

    Args:
        act: once the part is drawn.
        before: the page is begun.
    """
    heard, sent = [], []
    incoming: asyncio.Queue = asyncio.Queue()

    async def app(scope, receive, send):
        names = [value.decode() for key, value in scope["headers"] if key.decode() == looks.HEADER]
        assert len(names) == 1
        assert names[0] != "forged"
        heard.append(await receive())
        before()
        looks.begin("session", names[0])
        await send(_follows("early"))
        await send(_follows("part"))
        await act()
        heard.append(await receive())
        incoming.put_nowait({"type": "websocket.disconnect"})
        while (message := await receive())["type"] != "websocket.disconnect":
            heard.append(message)

    async def send(message):
        sent.append(message)

    async def scene():
        await incoming.put(_from_browser())
        scope = {"type": "websocket", "headers": [(looks.HEADER.encode(), b"forged")]}
        await asyncio.wait_for(looks.connected(app, scope, incoming.get, send), 30)

    asyncio.run(scene())
    assert looks._tabs == looks._tab_of == {}
    assert [m["bytes"] for m in sent] == [_follows("early")["bytes"], _follows("part")["bytes"]]
    return heard


def test_a_look_names_the_part_the_page_and_what_the_browser_said_of_itself():
    async def act():
        looks.drawn("session", page="hash", query="data=emoji&part=a%3Db")
        await asyncio.to_thread(looks.look, "session")

    first, look = _scene(act)
    assert first == _from_browser()
    rerun = BackMsg.FromString(look["bytes"]).rerun_script
    assert (rerun.fragment_id, rerun.page_script_hash) == ("part", "hash")
    assert rerun.query_string == "data=emoji&part=a%3Db"
    assert rerun.is_auto_rerun
    assert rerun.context_info.timezone == "Europe/Berlin"
    assert not rerun.widget_states.widgets


def test_a_look_waits_until_the_page_is_drawn():
    async def act():
        looks.look("session")
        looks.look("session")  # twice asked for is once looked
        looks.drawn("session", page="hash", query="")

    assert len(_scene(act)) == 2


def test_sessions_that_left_and_those_without_a_tab_are_not_asked():
    looks.begin("nobody", "gone")
    looks.drawn("nobody", page="", query="")
    looks.look("nobody")
    assert looks._tab_of == {}


def test_whoever_comes_is_awaited_until_a_page_is_begun_and_drawn(monkeypatch):
    monkeypatch.setattr(looks, "_comes_by", 0.0)  # another test may have asked for a page just now
    seen = []

    async def act():
        seen.append((looks.is_awaited(), looks.is_drawing()))
        looks.drawn("session", page="", query="")
        seen.append((looks.is_awaited(), looks.is_drawing()))
        looks.look("session")

    assert not looks.is_awaited()
    looks.ask()
    assert looks.is_awaited(), "a browser has got the page"
    looks._comes_by = 0.0
    _scene(act, lambda: seen.append((looks.is_awaited(), looks.is_drawing())))
    assert seen == [(True, True), (False, True), (False, False)]
    assert not looks.is_awaited()
    assert not looks.is_drawing()


def test_who_came_for_nothing_is_awaited_for_a_while(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(looks, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(looks, "_comes_by", 0.0)
    looks.ask()
    clock[0] += 3
    assert not looks.is_awaited()

    def later():
        assert looks.is_awaited()
        clock[0] += 60
        assert not looks.is_awaited(), "it is connected, and asks for no page"

    async def act():
        looks.drawn("session", page="", query="")
        looks.look("session")

    _scene(act, later)

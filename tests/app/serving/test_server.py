"""Servers that run: started by the command, in an empty folder, asked without a browser."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from benchmarks.client import Client, server


def _get(url: str, **headers: str) -> tuple[int, str, str]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode(), answer.headers.get("set-cookie", "")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), ""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("empty")
    rules = ("--many-users", "--max-sessions", "2", "--root", str(folder))
    with server(*rules, folder=folder, environment={"SDE_CACHE": str(folder / "cache")}) as (url, _, log):
        yield url, log


def test_only_this_machines_own_address_answers(running):
    url, log = running
    port = int(url.rpartition(":")[2])
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(OSError):  # noqa: PT011  (refused, or no such address)
        socket.create_connection(("127.0.0.2", port), timeout=5)
    line = json.loads(next(t for t in log.read_text().splitlines() if '"start"' in t))
    assert (line["address"], line["one_user"]) == ("127.0.0.1", False)


def test_settings_hold_whatever_the_working_folder_is(running):
    url, _ = running
    client = Client(url)
    try:
        session = next(m.new_session for m in client.run() if m.WhichOneof("type") == "new_session")
    finally:
        client.close()
    assert not session.config.gather_usage_stats
    assert session.custom_theme.light.primary_color == "#1b6c9c"
    assert "Traceback" not in client.text()


def test_foreign_names_and_pages_are_refused(running):
    url, _ = running
    port = url.rpartition(":")[2]
    evil = f"evil.example:{port}"
    assert _get(url, Host=evil)[0] == 403
    assert _get(f"{url}/_stcore/health", Host=evil)[0] == 403
    assert _get(f"{url}/_stcore/metrics")[0] == 404
    stream, upgrade = f"{url}/_stcore/stream", {"Connection": "Upgrade", "Upgrade": "websocket"}
    upgrade |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    for headers in ({"Host": evil, "Origin": f"http://{evil}"}, {"Origin": "http://evil.example"}):
        assert _get(stream, **upgrade, **headers)[0] == 403


def test_a_full_server_is_polite(running):
    url, _ = running
    guests = [Client(url), Client(url)]
    try:
        status, page, _ = _get(url, Accept="text/html")
        assert (status, "SDE Explorer is full" in page) == (503, True)
        with pytest.raises(InvalidStatus, match="403"):
            Client(url)
    finally:
        for guest in guests:
            guest.close()


def test_visitors_do_not_see_each_others_sets(running, spiked_folder):
    url, log = running
    cookies = [_get(url, Accept="text/html")[2].partition(";")[0] for _ in range(2)]
    assert len(set(cookies)) == 2
    import shutil

    mine = log.parent / "set-of-the-first"  # whose name, short as it is shown, stands nowhere else
    if not mine.exists():
        shutil.copytree(spiked_folder, mine)
    first = Client(url, {"Cookie": cookies[0]})
    try:
        first.run("data", f"data={mine}")
        assert "300 images" in first.text()
    finally:
        first.close()
    for cookie, sees in ((cookies[0], True), (cookies[1], False)):
        client = Client(url, {"Cookie": cookie})
        try:
            client.run("data", "data_part=Opened+lately")
            assert (mine.name in client.text()) is sees
        finally:
            client.close()


def test_a_link_does_not_lead_out_of_the_root(running, spiked_folder):
    url, _ = running
    client = Client(url)
    try:
        client.run("", f"data={spiked_folder}")
        assert "this server opens" in client.text()
        assert "300 pictures" not in client.text()
    finally:
        client.close()


def test_a_server_that_asks_who_comes_shows_nothing_before(tmp_path):
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(
        '[auth]\nredirect_uri = "http://localhost/oauth2callback"\ncookie_secret = "x"\n'
        'client_id = "a"\nclient_secret = "b"\nserver_metadata_url = "http://127.0.0.1:9/none"\n'
    )
    with server(folder=tmp_path, environment={"SDE_CACHE": str(tmp_path / "cache")}) as (url, _, _):
        for page in ("", "spectrum", "share"):
            client = Client(url)
            try:
                client.run(page)
                text = client.text()
            finally:
                client.close()
            assert "asks who you are" in text
            assert "plotly" not in text
            assert "pictures" not in text

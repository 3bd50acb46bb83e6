"""What a notebook holds is seen in the dashboard, and nothing stays when it is stopped."""

import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

import sde_core as sde
from sde_core.errors import ConfigError


@pytest.fixture
def held(tmp_path, monkeypatch):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path / "cache"))
    image, text = np.random.default_rng(0).normal(size=(2, 30, 8)).astype(np.float32)
    return sde.EmbeddingSet.from_arrays(image, text, name="mine/of today")


def test_a_set_in_memory_is_opened_and_nothing_stays(held, monkeypatch):
    seen = []
    monkeypatch.setattr("webbrowser.open", seen.append)
    with sde.explore(held) as dashboard:
        assert seen == [dashboard.url]
        folder = Path(parse_qs(urlsplit(dashboard.url).query)["data"][0])
        assert sde.EmbeddingSet.load(folder).fingerprint == held.fingerprint
        with urllib.request.urlopen(dashboard.url, timeout=30) as answer:
            assert answer.status == 200
        assert "running" in repr(dashboard)
        assert dashboard.url.replace("&", "&amp;") in dashboard._repr_html_() or "&" not in dashboard.url
    assert dashboard.process.poll() is not None
    assert "stopped" in repr(dashboard)
    assert not folder.parent.exists()


def test_a_port_out_of_range_is_refused(held):
    with pytest.raises(ConfigError, match="port must lie in 1 to 65535"):
        sde.explore(held, port=70_000, open_browser=False)

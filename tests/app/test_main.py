import gc
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2.bidi_component import serialization

from sde_explorer import main, server

VIEWS = list(Path(server.__file__).parent.glob("*/page.py"))


def test_the_server_is_an_app_that_warms_up_what_is_there():
    assert isinstance(main.app, st.App)
    server.warm()
    for names in (server.NEXT, server.LATER):
        server.warm(names)
    assert {*server.HEAVY, *server.NEXT, *server.LATER} <= set(sys.modules)
    assert {f"sde_explorer.{path.parent.name}.page" for path in VIEWS} <= {*server.HEAVY, *server.NEXT}


def test_what_pages_import_is_what_they_use_at_once():
    """A first visitor waits for these imports: of scipy a tenth of a second to a half, each part of it used later."""
    names = (*server.HEAVY, *server.NEXT)
    code = f"""import sys
from importlib import import_module
from sde_explorer.packages import import_packages
import_packages()
for name in {names}:
    import_module(name)
print([name for name in sys.modules if name.partition(".")[0] == "scipy"])"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_set_opens_without_pandas():
    """Arrow imports it for arrays and lists of Python, which a set that is read, cut and named never asks for."""
    code = """import sys
import numpy as np
import sde_core as sde
from sde_core.files import bundled
for name in bundled.PAIR_SETS:
    found = sde.EmbeddingSet.load(bundled.embeddings_folder(name))
    some = found.select(np.flatnonzero(found.metadata["split"] == "test"))
    assert some.fingerprint and some.captions[0] and some.metadata["split"][0] == "test"
print("pandas" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("view", ["overview", "spectrum", "subspaces"])
def test_what_figures_get_is_not_searched_for_tables(open_page, monkeypatch, view):
    """Streamlit would import pandas before the page's first figure comes."""
    searched = []
    is_like = serialization.is_dataframe_like
    monkeypatch.setattr(
        serialization, "is_dataframe_like", lambda value: searched.append(value) or is_like(value)
    )
    at = open_page(view)
    assert not at.exception
    assert at.get("bidi_component")
    assert [value for value in searched if not isinstance(value, str)] == []


def test_nothing_holds_the_server_after_every_run():
    """What the imports made is put aside, and no whole collection walks what is left, at the end of each run."""
    server.warm()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 100_000
    settings = tomllib.loads((Path(server.__file__).parent / ".streamlit" / "config.toml").read_text())
    assert settings["runner"]["postScriptGC"] is False
    assert settings["server"]["fileWatcherType"] == "none"


def test_a_missing_package_is_left_to_the_page(monkeypatch):
    monkeypatch.setattr(server, "HEAVY", ("no_such_package", "json"))
    gc.unfreeze()
    server.warm()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0, "what could be imported is put aside all the same"

import gc
import sys
import tomllib
from pathlib import Path

import streamlit as st

from sde_explorer import main, server

VIEWS = list(Path(server.__file__).parent.glob("*/page.py"))


def test_the_server_is_an_app_that_warms_up_what_is_there():
    assert isinstance(main.app, st.App)
    server.warm()
    for names in (server.NEXT, server.LATER):
        server.warm(names)
    assert {*server.HEAVY, *server.NEXT, *server.LATER} <= set(sys.modules)
    assert {f"sde_explorer.{path.parent.name}.page" for path in VIEWS} <= {*server.HEAVY, *server.NEXT}


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

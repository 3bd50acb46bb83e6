"""Parts of Streamlit's client that are named in the page: those of the installed version, of its views."""

import json
import re
from pathlib import Path

import streamlit

from sde_explorer import early_parts
from sde_explorer.server import EARLY_SCRIPT

STATIC = Path(streamlit.__file__).parent / "static"


def _named() -> dict[str, list[str]]:
    found = re.search(r"const parts = (\{.*\});", EARLY_SCRIPT)
    assert found is not None
    return dict(json.loads(found[1]))


def test_the_installed_client_has_every_part():
    named = _named()
    for kind, names in (("everywhere", early_parts.EVERYWHERE), ("figures", early_parts.FIGURES)):
        assert [Path(part).name.partition(".")[0] for part in named[kind]] == list(names)
        assert all((STATIC / part).is_file() for part in named[kind])


def test_a_part_that_is_not_there_is_left_out(monkeypatch):
    monkeypatch.setattr(early_parts, "EVERYWHERE", ("Slider", "NoSuchPart"))
    assert '"NoSuchPart' not in early_parts.with_parts('x = "EARLY PARTS"')
    assert "/Slider." in early_parts.with_parts('x = "EARLY PARTS"')

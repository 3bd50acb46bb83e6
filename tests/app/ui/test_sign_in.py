"""The gate: what cannot be read, or says less than it seems to, lets nobody in."""

import pytest
import streamlit as st
from streamlit import config
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

PAGE = """
import streamlit as st
from sde_explorer.ui.sign_in import sign_in
sign_in()
st.text("inside")
"""
AUTH = '[auth]\nredirect_uri = "http://localhost/oauth2callback"\n'


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """Return a function that writes secrets.toml, opens a page behind the gate and returns its texts."""
    path = tmp_path / "secrets.toml"
    before = config.get_option("secrets.files")
    monkeypatch.setattr(
        st.secrets, "_secrets", st.secrets._secrets
    )  # each run of a script reads them into it
    config.set_option("secrets.files", [str(path)])

    def run(content: str | None) -> str:
        if content is not None:
            path.write_text(content)
        fresh = Secrets()
        fresh._file_watchers_installed = True
        monkeypatch.setattr(st, "secrets", fresh)
        at = AppTest.from_string(PAGE).run()
        assert not at.exception
        return " ".join(element.value for element in at.text)

    yield run
    config.set_option("secrets.files", before)


def test_without_secrets_everybody_comes_in(shown):
    assert shown(None) == "inside"


def test_secrets_of_something_else_close_nothing(shown):
    assert shown('[other]\nkey = "x"\n') == "inside"


def test_a_gate_asks_who_comes(shown):
    assert "asks who you are" in shown(AUTH)


@pytest.mark.parametrize(
    "content",
    [
        f"{AUTH}cookie_secret = half",  # no TOML: Streamlit takes it as if there were no file
        '[sde]\nallowed = ["@lab.example"]\n',
        f'{AUTH}[sde]\nallowed = "@lab.example"\n',
        f'{AUTH}[sde]\nallow = ["@lab.example"]\n',
    ],
    ids=["broken", "no sign-in", "no list", "misspelt"],
)
def test_rules_that_cannot_be_read_let_nobody_in(shown, content):
    said = shown(content)
    assert "nobody does" in said
    assert "inside" not in said
    assert "lab.example" not in said

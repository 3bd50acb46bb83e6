"""The gate of a server that asks who comes: nothing is shown or computed before a visitor has signed in."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from sde_explorer.serving import log

ALLOWED = "allowed"
"""In the section `sde` of secrets.toml: addresses, or domains with their @, that may come in; without it, all who
can sign in."""


def sign_in() -> None:
    """Stop here until the visitor has signed in, where `.streamlit/secrets.toml` has a section `auth`."""
    secrets = _secrets()
    problem = problem_of(secrets)
    if problem:
        _closed(problem)
    auth = secrets.get("auth")
    if auth is None:
        return
    user = st.user.to_dict()
    if not user.get("is_logged_in"):
        _doors(auth if isinstance(auth, Mapping) else {})
        st.stop()
    rules = secrets.get("sde")
    allowed = rules.get(ALLOWED) if isinstance(rules, Mapping) else None
    if allowed is not None and not may_enter(user, [str(entry) for entry in allowed]):
        st.title("SDE Explorer", anchor=False)
        st.text(f"{user.get('email') or 'This account'} may not use this server: ask whoever runs it.")
        st.button("Sign out", on_click=st.logout)
        st.stop()


def problem_of(secrets: Mapping[str, object]) -> str:
    """Return why the secrets would let in others than they seem to say, or an empty text.

    >>> problem_of({"auth": {}, "sde": {"allowed": ["@lab.org"]}})
    ''
    >>> problem_of({"sde": {"allowed": ["@lab.org"]}})
    'allowed must stand with a section auth, by which visitors sign in; there is none'
    """
    rules = secrets.get("sde")
    if rules is None:
        return ""
    if not isinstance(rules, Mapping) or set(rules) - {ALLOWED}:
        return f"sde must be a section with nothing but {ALLOWED}"
    allowed = rules.get(ALLOWED, [])
    if not isinstance(allowed, list) or not all(isinstance(entry, str) for entry in allowed):
        return f"{ALLOWED} must be a list of addresses and domains"
    if secrets.get("auth") is None:
        return f"{ALLOWED} must stand with a section auth, by which visitors sign in; there is none"
    return ""


def may_enter(user: Mapping[str, object], allowed: list[str]) -> bool:
    """Return whether a signed-in visitor is on the list; an address counts once its provider has verified it.

    >>> may_enter({"email": "a@lab.org", "email_verified": True}, ["@lab.org"])
    True
    >>> may_enter({"email": "a@lab.org.evil", "email_verified": True}, ["@lab.org"]), may_enter({}, ["@lab.org"])
    (False, False)
    """
    address = str(user.get("email") or "").lower()
    domain = f"@{address.rpartition('@')[2]}"
    return user.get("email_verified") is True and {address, domain} & {a.lower() for a in allowed} != set()


def _doors(auth: Mapping[str, object]) -> None:
    st.title("SDE Explorer", anchor=False)
    st.text("This server asks who you are before it shows anything.")
    named = [name for name, value in auth.items() if isinstance(value, Mapping)]
    if not named:
        st.button("Sign in", type="primary", on_click=st.login)
    for name in named:
        st.button(f"Sign in with {name}", type="primary", on_click=st.login, args=(name,))


def _closed(problem: str) -> None:
    """Let nobody in: rules that cannot be read are no reason to have none."""
    name = log.tell_problem("secrets.toml", problem)
    st.title("SDE Explorer", anchor=False)
    st.text(
        "This server cannot read who may come in, so nobody does: "
        f"its log says under {name} what to mend in secrets.toml."
    )
    st.stop()


def _secrets() -> Mapping[str, object]:
    try:
        return st.secrets.to_dict()
    except FileNotFoundError as error:
        # Most servers have none; Streamlit says the same of one that it cannot read.
        if any(Path(name).exists() for name in st.get_option("secrets.files")):
            _closed(str(error))
        return {}

"""The gate of a server that asks who comes: nothing is shown or computed before a visitor has signed in."""

from collections.abc import Mapping

import streamlit as st

ALLOWED = "allowed"
"""In the section `sde` of secrets.toml: addresses, or domains with their @, that may come in; without it, all who
can sign in."""


def sign_in() -> None:
    """Stop here until the visitor has signed in, where `.streamlit/secrets.toml` has a section `auth`."""
    secrets = _secrets()
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


def _secrets() -> Mapping[str, object]:
    try:
        return st.secrets.to_dict()
    except FileNotFoundError:  # most servers have none
        return {}

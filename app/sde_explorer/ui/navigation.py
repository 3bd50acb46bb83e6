"""Links from one view to another; the state goes along."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

_PAGES = "pages"
_VIEW = "view"


def remember_pages(pages: "Mapping[str, StreamlitPage]") -> None:
    """Keep the pages of this run, by title, for links to them."""
    st.session_state[_PAGES] = dict(pages)


def remember_view(title: str) -> None:
    """Keep which view is drawn."""
    st.session_state[_VIEW] = title


def page_link(title: str, label: str, *, icon: str) -> None:
    """Show a link to the view with this title; nothing where a view runs alone, as in tests."""
    page = st.session_state.get(_PAGES, {}).get(title)
    if page is not None:
        st.page_link(page, label=label, icon=icon)


def switch_to(title: str) -> None:
    """Go to the view with this title, now; nothing where a view runs alone."""
    page = st.session_state.get(_PAGES, {}).get(title)
    if page is not None:
        # Without these Streamlit refuses to clear a link that widgets of this view write; the next header writes it.
        st.switch_page(page, query_params={})


def page_paths() -> dict[str, str]:
    """Return the path of each view by its title; nothing where a view runs alone."""
    return {title: page.url_path for title, page in st.session_state.get(_PAGES, {}).items()}

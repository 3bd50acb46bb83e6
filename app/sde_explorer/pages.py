"""The dashboard's page list and navigation."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.packages import import_packages

import_packages()  # the server's own thread imports them as well

from sde_explorer.ahead import follow_visitor
from sde_explorer.readings.cached.background import all_drawn, begin_run, end_run
from sde_explorer.tour.card import tour
from sde_explorer.tour.start import header_button
from sde_explorer.ui.figure_files import figure_files
from sde_explorer.ui.navigation import remember_pages, remember_view
from sde_explorer.ui.panel import side_panel
from sde_explorer.ui.running import running
from sde_explorer.ui.session import take_link
from sde_explorer.ui.sign_in import sign_in

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

# A picture of our own: an icon by name would be fetched from another host.
ICON = Path(__file__).with_name("icon.png")
PANEL_WIDTH = 264
LOGO = Path(__file__).with_name("logo.svg")

st.set_page_config(
    page_title="SDE Explorer", page_icon=str(ICON), layout="wide", initial_sidebar_state=PANEL_WIDTH
)
st.logo(str(LOGO), size="medium")
sign_in()

# Title and icon of each view in order; the folder of that name holds it, the first one opens.
VIEWS = {
    "Overview": "space_dashboard",
    "Data": "database",
    "Spectrum": "ssid_chart",
    "Subspaces": "scatter_plot",
    "Curriculum": "timeline",
    "Retrieval": "manage_search",
    "Training": "model_training",
    "Compare": "compare_arrows",
    "Share": "ios_share",
}


def _page(title: str, icon: str) -> "StreamlitPage":
    folder, is_first = title.lower(), title == next(iter(VIEWS))

    def show() -> None:  # the first visitor of a new server waits for no other view's imports
        import_module(f"sde_explorer.{folder}.page").show()

    return st.Page(
        show,
        title=title,
        icon=f":material/{icon}:",
        url_path=None if is_first else folder,
        default=is_first,
    )


pages = {title: _page(title, icon) for title, icon in VIEWS.items()}
remember_pages(pages)
page = st.navigation(list(pages.values()), position="top")
remember_view(page.title)
take_link()
begin_run()
tour(page.title)
side_panel(page.title, header_button)
page.run()
end_run()
running()
figure_files()
all_drawn()
follow_visitor()

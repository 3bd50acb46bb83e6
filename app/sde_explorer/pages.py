"""The dashboard's page list and navigation."""

from pathlib import Path

import streamlit as st

from sde_explorer.compare import page as compare
from sde_explorer.curriculum import page as curriculum
from sde_explorer.data import page as data
from sde_explorer.overview import page as overview
from sde_explorer.readings.cached.background import all_drawn, begin_run, end_run
from sde_explorer.retrieval import page as retrieval
from sde_explorer.share import page as share
from sde_explorer.spectrum import page as spectrum
from sde_explorer.subspaces import page as subspaces
from sde_explorer.tour.card import tour
from sde_explorer.training import page as training
from sde_explorer.ui.figure_files import figure_files
from sde_explorer.ui.navigation import remember_pages, remember_view
from sde_explorer.ui.panel import side_panel
from sde_explorer.ui.running import running
from sde_explorer.ui.session import take_link
from sde_explorer.ui.sign_in import sign_in

# A picture of our own: an icon by name would be fetched from another host.
ICON = Path(__file__).with_name("icon.png")
PANEL_WIDTH = 264
LOGO = Path(__file__).with_name("logo.svg")

st.set_page_config(
    page_title="SDE Explorer", page_icon=str(ICON), layout="wide", initial_sidebar_state=PANEL_WIDTH
)
st.logo(str(LOGO), size="medium")
sign_in()

pages = {
    "Overview": st.Page(overview.show, title="Overview", icon=":material/space_dashboard:", default=True),
    "Data": st.Page(data.show, title="Data", icon=":material/database:", url_path="data"),
    "Spectrum": st.Page(spectrum.show, title="Spectrum", icon=":material/ssid_chart:", url_path="spectrum"),
    "Subspaces": st.Page(
        subspaces.show, title="Subspaces", icon=":material/scatter_plot:", url_path="subspaces"
    ),
    "Curriculum": st.Page(
        curriculum.show, title="Curriculum", icon=":material/timeline:", url_path="curriculum"
    ),
    "Retrieval": st.Page(
        retrieval.show, title="Retrieval", icon=":material/manage_search:", url_path="retrieval"
    ),
    "Training": st.Page(
        training.show, title="Training", icon=":material/model_training:", url_path="training"
    ),
    "Compare": st.Page(compare.show, title="Compare", icon=":material/compare_arrows:", url_path="compare"),
    "Share": st.Page(share.show, title="Share", icon=":material/ios_share:", url_path="share"),
}
remember_pages(pages)
page = st.navigation(list(pages.values()), position="top")
remember_view(page.title)
take_link()
begin_run()
tour(page.title)
side_panel(page.title)
page.run()
end_run()
running()
figure_files()
all_drawn()

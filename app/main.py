"""The dashboard's page list and navigation; `streamlit run app/main.py` starts here."""

import streamlit as st

from app.views import overview, spectrum

st.set_page_config(page_title="SDE Explorer", page_icon=":material/blur_on:", layout="wide")

pages = [
    st.Page(overview.show, title="Overview", icon=":material/space_dashboard:", default=True),
    st.Page(spectrum.show, title="Spectrum", icon=":material/ssid_chart:", url_path="spectrum"),
]
st.navigation(pages, position="top").run()

"""The dashboard of an installed package: `sde app` starts here.

Streamlit looks for the call of `st.App` in this very file.
"""

import streamlit as st

from sde_explorer.server import MIDDLEWARE, PAGES, lifespan, script_error

app = st.App(PAGES, lifespan=lifespan, middleware=MIDDLEWARE, on_script_error=script_error)

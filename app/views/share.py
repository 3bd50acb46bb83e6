"""Share: the link, the report, figures, numbers, the transform; and what somebody else sent."""

import streamlit as st

import sde_core as sde
from app.components.share_figures import share_figures
from app.components.share_link import share_link
from app.components.share_numbers import share_numbers
from app.components.share_open import open_spec
from app.components.share_report import share_report
from app.components.source import current_state, header, state_line
from app.components.transform_download import transform_download


def show() -> None:
    """Compose the view."""
    data = header("Share", otherwise=open_spec)
    state_line()
    state = current_state()
    share_link(data, state)
    share_report(data, state)
    try:
        share_figures(data, state)
        share_numbers(data, state)
        transform_download(data, state)
    except sde.SDEError as error:
        st.error(f"{str(error).rstrip('.')}.", icon=":material/error:")
    open_spec()

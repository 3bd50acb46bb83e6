"""The report, or its beginning before it is made, in a frame of its own."""

from typing import TYPE_CHECKING, Any

import streamlit as st

import sde_core as sde
from sde_core.vocabulary import BANDS, MODALITIES
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.ui.frame import PICTURE_HEIGHT
from sde_explorer.ui.notices import error_box

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.share.state import ShareState

# A sandbox: the report runs its own script and reaches nothing of this page.
_frame = st.components.v2.component(
    "sde_explorer.report",
    html='<iframe title="The report" sandbox="allow-scripts"></iframe>',
    css=f"iframe{{width:100%;height:{PICTURE_HEIGHT}px;border:1px solid var(--st-border-color);border-radius:10px;"
    "display:block;box-sizing:border-box}",
    js="""export default ({ data, parentElement }) => {
      const frame = parentElement.querySelector("iframe");
      // The colours of the page, not those of the system.
      frame.style.colorScheme = getComputedStyle(document.querySelector("[data-testid=stApp]")).colorScheme;
      if (frame.srcdoc !== data.page) frame.srcdoc = data.page;
    };""",
)


def report_frame(page: str) -> None:
    """Show a report.

    Args:
        page: HTML.
    """
    _frame(key="share_frame", data={"page": page})


def report_preview(data: "Dataset", state: "ShareState", title: str) -> None:
    """Show how the report will begin, with the thresholds of the page.

    Args:
        data: the open set.
        state: of the dashboard.
        title: of the report.
    """
    from sde_core.report.page import preview_page

    try:
        found = cached_spectra.bands(data, state, MODALITIES)
    except sde.SDEError as error:
        error_box(error)
        return
    embeddings = data.embeddings
    line = (
        f"{embeddings.n_images:,} pictures and {embeddings.n_texts:,} captions as {embeddings.width} numbers each, by "
        f"{embeddings.provenance.encoder or 'an encoder that is not known'}."
    )
    report_frame(preview_page(title, line, {report.modality: _facts(report) for report in found}))


def _facts(report: "Bands") -> dict[str, Any]:
    """Return what the report's first pictures are drawn from; shuffles join once it is made."""
    return {
        "singular_values": report.values.tolist(),
        "labels": report.labels.tolist(),
        "shuffled": [],
        "tau_strong": report.tau_strong,
        "tau_noise": report.tau_noise,
        "bands": {
            band: {"directions": report.count(band), "energy_share": report.energy_share(band)}
            for band in BANDS
        },
    }

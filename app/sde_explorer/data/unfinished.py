"""What a killed server left in the middle, with a button that goes on and one that lets it go."""

import streamlit as st

from sde_explorer.data.encode import start_encoding
from sde_explorer.intake.names import data_name, encoder_name
from sde_explorer.jobs import Unfinished, encoding_key, over, queue, unfinished
from sde_explorer.readings.cached.sets import cache_folder
from sde_explorer.serving.policy import current
from sde_explorer.ui.words import as_text


def unfinished_encodings() -> None:
    """Offer to go on with every encoding that began and did not end; nothing where there is none."""
    if current().read_only:
        return
    for begun in unfinished(cache_folder()):
        job = queue.find(
            encoding_key(begun.source, begun.encoder, cache_folder(), format=begun.format, root=begun.root)
        )
        if job is None or not job.is_active:
            _offer(begun)


def _offer(begun: Unfinished) -> None:
    words, first, second = st.columns([0.64, 0.18, 0.18], vertical_alignment="center")
    title = f"{as_text(data_name(begun.source))} by {as_text(encoder_name(begun.encoder))}"
    words.info(
        f"The encoding of {title} was interrupted; what is done is kept.", icon=":material/pause_circle:"
    )
    first.button(
        "Go on",
        key=f"go on {begun.blocks}",
        icon=":material/resume:",
        width="stretch",
        on_click=start_encoding,
        args=(begun.source, begun.encoder),
        kwargs={"format": begun.format, "root": begun.root},
    )
    second.button(
        "Discard",
        key=f"discard {begun.blocks}",
        icon=":material/close:",
        type="tertiary",
        width="stretch",
        help="Removes what is done so far.",
        on_click=over,
        args=(cache_folder(), begun),
    )

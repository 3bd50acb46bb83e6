"""Overview: choose data and encoder, headline numbers, a first look, what to look at next."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from app import cache
from app.charts.layout import CONFIG
from app.charts.spectrum import spectrum_figure
from app.components import words
from app.components.encode import current_job, encode_panel
from app.components.gallery import gallery
from app.components.source import current_state, header
from app.components.terms import HELP

if TYPE_CHECKING:
    from app.analysis import BandReport, Headline


def show() -> None:
    """Compose the view."""
    _open_what_was_encoded()
    data = header("Overview")
    state = current_state()
    try:
        reports = [
            cache.bands(data, m, state.center, state.rule, (state.noise, state.strong))
            for m in ("image", "text")
        ]
    except sde.SDEError as error:
        st.error(f"{error}", icon=":material/error:")
        st.stop()
    figure = spectrum_figure(reports, log_rank=state.logx, log_value=state.logy, height=340)
    numbers = st.container()
    left, right = st.columns([0.62, 0.38], gap="large")
    with left:
        st.subheader("Singular spectra", anchor=False)
        st.plotly_chart(figure, key="overview_chart", config=CONFIG, alt=words.spectrum_alt(reports))
        st.caption(words.spectrum_story(reports, moved=state.is_moved))
    next_words = right.container()
    with numbers:
        headline = cache.headline(data)
        _numbers(data, reports, headline)
    with next_words:
        st.subheader("What to look at next", anchor=False)
        for sentence in words.what_next(reports, headline):
            st.markdown(f"- {sentence}")
    gallery(data)
    _skipped(data)
    with st.expander(
        "Encode other pairs, or with another encoder",
        icon=":material/bolt:",
        expanded=current_job() is not None,
    ):
        encode_panel()


def _numbers(data: "cache.Dataset", reports: "list[BandReport]", headline: "Headline") -> None:
    embeddings, near = data.embeddings, headline.alignment
    image, text = reports
    first, second = st.columns(4), st.columns(4)
    first[0].metric(
        "Pairs",
        f"{embeddings.n_images:,}",
        f"{embeddings.n_texts:,} captions",
        delta_color="off",
        delta_arrow="off",
        help=HELP["pairs"],
        border=True,
    )
    first[1].metric(
        "Effective rank",
        f"{image.metrics['effective_rank']:.0f} | {text.metrics['effective_rank']:.0f}",
        f"image | text, of {embeddings.width}",
        delta_color="off",
        delta_arrow="off",
        help=HELP["effective_rank"],
        border=True,
    )
    chance = headline.chance
    for place, name, label in (
        (2, "text_retrieval_recall@10", "Image → text R@10"),
        (3, "image_retrieval_recall@10", "Text → image R@10"),
    ):
        first[place].metric(
            label,
            f"{100 * headline.metrics[name]:.1f} %",
            f"chance {100 * chance[name]:.1f} %",
            delta_color="off",
            delta_arrow="off",
            help=HELP["image_to_text" if place == 2 else "text_to_image"],
            border=True,
        )
    if not near:
        st.info("Alignment needs at least two pairs.")
        return
    for place, key, label, value, below in (
        (0, "cone", "Cone", f"{near['cone_image']:.2f} | {near['cone_text']:.2f}", "image | text"),
        (1, "modality_gap", "Modality gap", f"{near['modality_gap']:.2f}", "0 to 2"),
        (
            2,
            "paired_cosine",
            "Paired cosine",
            f"{near['paired_cosine']:.2f}",
            f"random pairs {near['random_pair_cosine']:.2f}",
        ),
        (
            3,
            "linear_cka",
            "Linear CKA",
            f"{near['linear_cka']:.2f}",
            f"shuffled {near['linear_cka_shuffled']:.2f}",
        ),
    ):
        second[place].metric(
            label, value, below, delta_color="off", delta_arrow="off", help=HELP[key], border=True
        )


def _skipped(data: "cache.Dataset") -> None:
    skipped = data.embeddings.skipped
    if not skipped:
        return
    with st.expander(f"{len(skipped)} items were skipped", icon=":material/report:"):
        st.dataframe([{"item": s.item, "reason": s.reason} for s in skipped], hide_index=True)


def _open_what_was_encoded() -> None:
    """Show a set that has just been encoded; widgets may be set only before they are drawn."""
    folder = st.session_state.pop("open_next", None)
    if folder is not None:
        st.session_state["data"] = folder
        st.session_state["split"] = "all"

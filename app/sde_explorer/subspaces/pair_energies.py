"""How much of each pair is signal: triangles, and the pairs of which one side is signal and the other is not."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from sde_core.glossary.formats import signed
from sde_core.vocabulary import BANDS
from sde_explorer.subspaces import words
from sde_explorer.subspaces.cached import energies as cached_energies
from sde_explorer.subspaces.figures.pairs import shown_pairs, triangle_figure
from sde_explorer.subspaces.terms import HELP
from sde_explorer.ui.chart_columns import chart_columns
from sde_explorer.ui.fields import segments
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.frame import how_to_read
from sde_explorer.ui.session import current_state
from sde_explorer.ui.thumbnails import thumbnails

if TYPE_CHECKING:
    import numpy.typing as npt

    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.subspaces.numbers.pair_energy import PairEnergies
    from sde_explorer.subspaces.state import SubspacesState

CHART = "triangle_chart"
MOST_ROWS = 300
"""Rows in the table; the downloads of the map hold all that are picked."""

_N_PICTURES = 10


def pair_energies(data: "Dataset", state: "SubspacesState") -> None:
    """Show the triangles, and the table of the pairs that the state asks for."""
    pairs = cached_energies.pairs_by_band(data, state)
    if not len(pairs.images):
        st.info("No picture of this set has a caption: there are no pairs to compare.")
        return
    picked = np.isin(pairs.images, state.rows)
    shown = shown_pairs(pairs, picked)
    left, right = chart_columns("pair_columns", (0.54, 0.46), least="27rem")
    with left:
        st.plotly_chart(
            triangle_figure(pairs, picked, shown, n_images=data.embeddings.n_images),
            key=CHART,
            config=CONFIG,
            alt="Energy of pictures and of captions in strong, weak and noise, as points in two triangles.",
        )
        st.caption(words.triangle_finding(pairs))
        how_to_read(words.triangle_story(pairs, len(shown)))
    with right:
        _listed(data, pairs, picked)


@st.fragment
def _listed(data: "Dataset", pairs: "PairEnergies", picked: "npt.NDArray[np.bool_]") -> None:
    kind = current_state().pairs
    segments("pairs", "Pairs", help=HELP["pairs"], words=lambda name: words.PAIR_KINDS[name])
    found = pairs.where("all" if kind == "picked" else kind)
    if kind == "picked":
        found = found[picked[found]]
    if not len(found):
        st.info(
            "No pair is of this kind."
            if kind != "picked"
            else "No pair is picked: draw around some on the map."
        )
        return
    shown = pairs.widest(found, MOST_ROWS)
    thumbnails(
        data,
        [
            (int(pairs.images[i]), f"{signed(100 * float(pairs.apart[i]), 0)}\u00a0%")
            for i in shown[:_N_PICTURES]
        ],
    )
    st.dataframe(
        _rows(data, pairs, shown),
        hide_index=True,
        height=248,
        column_config={
            name: st.column_config.ProgressColumn(
                name, format="percent", min_value=0.0, max_value=1.0, width=92
            )
            for name in ("image signal", "text signal")
        }
        | {"caption": st.column_config.TextColumn("caption", width="medium")},
    )
    more = f"The first {len(shown):,} of {len(found):,}" if len(shown) < len(found) else f"All {len(found):,}"
    st.caption(
        f"{more} pairs of this kind. Under a picture: by how much the signal of the picture exceeds that of its "
        f"caption."
    )


def _rows(
    data: "Dataset", pairs: "PairEnergies", shown: "npt.NDArray[np.int64]"
) -> "dict[str, list[object]]":
    embeddings = data.embeddings
    table: dict[str, list[object]] = {
        "caption": [embeddings.captions[int(t)] for t in pairs.texts[shown]],
        "image signal": (1 - pairs.image[shown, 2]).tolist(),
        "text signal": (1 - pairs.text[shown, 2]).tolist(),
    }
    for name, shares in (("image", pairs.image), ("text", pairs.text)):
        for i, band in enumerate(BANDS):
            table[f"{name} {band}"] = [f"{share:.1%}" for share in shares[shown, i]]
    return table | {"id": [embeddings.image_ids[int(i)] for i in pairs.images[shown]]}

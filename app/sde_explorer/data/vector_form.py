"""Vectors that were found: what they hold, what is missing, what belongs together, and a button that opens them."""

from pathlib import Path

import streamlit as st

import sde_core as sde
from sde_core.sets.store import MANIFEST
from sde_explorer import sets
from sde_explorer.data.choice import forget_found
from sde_explorer.intake import PAIRINGS, VectorRequest, VectorsFound, describe, permitted
from sde_explorer.jobs import opening_job, queue
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.session import open_data
from sde_explorer.ui.words import as_text

_ICON = ":material/folder_open:"

_PAIRING_WORDS = {
    "row": "row by row: the first caption belongs to the first picture",
    "id": "by id: each caption names its picture",
    "index": "by an index that comes with them",
    "links": "by the links of the set",
}
_HELP = {
    "pairing": (
        "Which caption belongs to which picture. **as the files say**: an index if there is one, else ids where both "
        "have some, else row by row. The others insist on one way."
    ),
    "text": "File of the caption vectors, where the file above has only those of the pictures.",
    "images": "Table with a row for each picture vector: ids, metadata (parquet, csv, tsv, jsonl, json, txt, npy).",
    "captions": "Table with a row for each caption vector: captions, ids of their pictures.",
    "index": "npy file or table with the picture row of each caption.",
    "pairs": "Where the pictures are, as for encoding: with them every view shows pictures.",
    "encoder": (
        "The encoder that made the vectors, as for encoding: with it new words and pictures can be searched for."
    ),
}
_ROLES = {
    "image": "Picture vectors",
    "text": "Caption vectors",
    "image_id": "Ids of pictures",
    "text_id": "Ids of the captions' pictures",
    "caption": "Captions",
    "text_to_image": "Index",
}
_BESIDE = (
    ("text", "Caption vectors"),
    ("images", "Table of pictures"),
    ("captions", "Table of captions"),
    ("index", "Index of captions to pictures"),
    ("pairs", "Pairs with the pictures"),
    ("encoder", "Encoder"),
)


def vector_form(found: VectorsFound, *, busy: bool) -> None:
    """Show what was found and how it will be opened; the button starts that in the background.

    Args:
        found: by the look.
        busy: whether another opening is on its way.
    """
    is_set = _is_set(found)
    if not is_set:
        _fields(found)
    request = _request(found)
    try:
        facts = describe(permitted(request, cached_sets.cache_folder()))
    except sde.SDEError as error:
        error_box(error)
        return
    st.markdown(
        f"**{facts.n_images:,} pictures and {facts.n_texts:,} captions**, {facts.width} dimensions, {facts.dtype}, "
        f"format **{facts.format}**. Paired {_PAIRING_WORDS[facts.pairing]}."
    )
    for name, sentence in facts.missing.items():
        is_given = (name == "pictures" and request.pairs) or (name == "encoder" and request.encoder)
        if not is_given:
            st.caption(f":material/info: {as_text(sentence)}")
    if facts.metadata:
        st.caption(f"Metadata: {', '.join(map(as_text, facts.metadata[:12]))}")
    if (Path(found.source).expanduser() / MANIFEST).is_file():
        st.button("Open this set", on_click=_open_set, args=(found.source,), type="primary", icon=_ICON)
    else:
        st.button(
            "Open these vectors",
            key="vectors_open",
            type="primary",
            icon=_ICON,
            disabled=busy,
            on_click=_open_vectors,
            args=(found,),
        )


def _is_set(found: VectorsFound) -> bool:
    return found.facts is not None and found.facts.format == "set"


def _open_vectors(found: VectorsFound) -> None:
    """Open them as the fields say now, which may be newer than the page."""
    job = opening_job(_request(found), cached_sets.cache_folder())
    queue.forget(job.key)  # the files may have changed since
    st.session_state["data_job"] = queue.submit(job)
    st.session_state["data_opens"] = job.key


def _open_set(source: str) -> None:
    """Show a set that was saved by this library, where it lies."""
    entry = sets.entry_of(Path(source).expanduser(), source)
    if entry is not None:
        open_data(entry.data, entry.encoder)
        forget_found()


def _fields(found: VectorsFound) -> None:
    with st.expander(
        "Pairing, pictures, ids, captions and encoder",
        icon=":material/tune:",
        expanded=found.facts is None,
    ):
        st.segmented_control(
            "What belongs together",
            PAIRINGS,
            default=PAIRINGS[0],
            required=True,
            key="vectors_pairing",
            help=_HELP["pairing"],
        )
        for start in range(0, len(_BESIDE), 3):
            for column, (name, label) in zip(st.columns(3), _BESIDE[start : start + 3], strict=True):
                column.text_input(label, key=f"vectors_{name}", help=_HELP[name], placeholder="none")
        st.caption("Names in the file, where they are not understood:")
        for column, (role, label) in zip(st.columns(len(_ROLES)), _ROLES.items(), strict=True):
            column.text_input(label, key=f"vectors_column_{role}")


def _request(found: VectorsFound) -> VectorRequest:
    """Return what the fields say about these vectors; a saved set needs none."""
    if _is_set(found):
        return VectorRequest(source=found.source, format=found.format)
    columns = {role: _typed(f"vectors_column_{role}") for role in _ROLES}
    return VectorRequest(
        source=found.source,
        format=found.format,
        pairing=next((way for way in PAIRINGS if way == _typed("vectors_pairing")), PAIRINGS[0]),
        columns=tuple((role, name) for role, name in columns.items() if name),
        **{name: _typed(f"vectors_{name}") for name, _ in _BESIDE},
    )


def _typed(key: str) -> str:
    return str(st.session_state.get(key) or "").strip()

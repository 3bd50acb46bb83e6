"""Where data lies: a path, an upload or a hub name, in a format that is detected or named."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

import sde_core as sde
from sde_core.files import bundled
from sde_explorer.intake import Found, Upload, format_choices, look, put_away, read_recent
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.serving.policy import current
from sde_explorer.serving.visitors import FOLDER
from sde_explorer.ui.notices import error_box

PATH, UPLOAD, HUB = "Path", "Upload", "Hub"
TYPES = (
    "zip", "tar", "gz", "tgz", "parquet", "csv", "tsv", "jsonl", "json", "txt", "npy", "npz", "safetensors",
    "faiss", "index", "jpg", "jpeg", "png", "webp", "gif",
)  # fmt: skip
_SPLITS = ("emoji/test", "clipart/test", "emoji/val", "clipart/val")
_FOUND, _ERROR = "data_found", "data_error"
_ASKED, _SEEN = "data_asked", "data_uploaded"
_HELP = {
    "path": (
        "Pairs: a folder of pictures with a CSV, TSV or JSONL; WebDataset shards (one, a folder, a pattern such as "
        "data/train-{000..099}.tar); parquet; a saved Hugging Face dataset; a zip of pairs. Vectors: npy, npz, "
        "safetensors, parquet, a faiss index, clip-retrieval's folder, a set saved here."
    ),
    "hub": "organisation/name of a dataset on the Hugging Face hub; needs the extra `datasets` and a way to the hub.",
    "root": (
        "Only for a table whose pictures lie elsewhere: its names then count from this folder, and of a path from "
        "another machine the longest end that is a file here is taken."
    ),
    "format": "Detected from names and first bytes. Name it where the same files could be read in two ways.",
    "upload": (
        "One zip or tar of pairs; or vectors: one npz, safetensors, parquet or faiss index, or image.npy and text.npy "
        "together with captions.txt or a table of ids. The files stay in this server's cache folder."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the button was pressed for, as the widgets said it then."""

    where: str
    source: str
    format: str
    root: str


def found_data() -> Found | None:
    """Return what the last look found."""
    found: Found | None = st.session_state.get(_FOUND)
    return found


def forget_found() -> None:
    """Close what the last look found."""
    for key in (_FOUND, _ERROR):
        st.session_state.pop(key, None)


def _begin_anew() -> None:
    """Close what the last look found, and how the work on it ended: beside what is found now it would mislead."""
    forget_found()
    job = st.session_state.get("data_job")
    if job is not None and not job.is_active and st.session_state.get("data_opens") != job.key:
        del st.session_state["data_job"]


def data_choice(suggested: str = "") -> None:
    """Show the choice; what a look finds is kept for `found_data`, what is wrong stands below it.

    Args:
        suggested: path that was asked for elsewhere and is not open.
    """
    if suggested and "data_path" not in st.session_state:
        st.session_state["data_path"] = suggested
    rules = current()
    ways = (PATH, *(() if rules.read_only else (UPLOAD,)), *((HUB,) if rules.hub else ()))
    where = st.segmented_control("Where is it?", ways, default=PATH, required=True, key="data_where")
    if where == UPLOAD:
        _upload()
    else:
        _named(where == HUB)
    error = st.session_state.get(_ERROR)
    if error:
        error_box(error)


def _named(is_hub: bool) -> None:
    if is_hub:
        st.text_input(
            "Name on the hub",
            key="data_hub",
            placeholder="organisation/name",
            help=_HELP["hub"],
        )
    else:
        recent = (entry.source for entry in read_recent(cached_sets.cache_folder()) if entry.source)
        st.selectbox(
            "Path, or a bundled set",
            tuple(dict.fromkeys((*bundled.PAIR_SETS, *_SPLITS, *recent, *_chosen()))),
            index=None,
            key="data_path",
            placeholder="type a path, or choose",
            accept_new_options=True,
            help=_HELP["path"],
        )
        st.text_input(
            "Image root",
            key="data_root",
            placeholder="where the pictures lie elsewhere",
            help=_HELP["root"],
        )
    _format_and_look()
    asked = _asked()
    if asked is not None and asked.where != UPLOAD:
        _look(asked.source, asked)


def _chosen() -> tuple[str, ...]:
    """Return what stands in the box already, which must be one of its options."""
    chosen = st.session_state.get("data_path")
    return (chosen,) if chosen else ()


def _upload() -> None:
    files = st.file_uploader(
        f"Files, {current().upload_mib:,} MiB together",
        type=TYPES,
        accept_multiple_files=True,
        key="data_upload",
        help=_HELP["upload"],
    )
    _format_and_look()
    # A new upload is looked at without being asked; the same one, when the button is pressed.
    ids = [file.file_id for file in files]
    is_new = bool(ids) and ids != st.session_state.get(_SEEN)
    asked = _asked()
    if is_new or (asked is not None and asked.where == UPLOAD):
        try:
            source = _stored(files)
        except sde.SDEError as error:
            _begin_anew()
            st.session_state[_ERROR] = _sentence(error)
            st.session_state.pop(_ASKED, None)
        else:
            _look(source, _pressed())
        st.session_state[_SEEN] = ids


def _stored(files: Sequence[UploadedFile]) -> str:
    uploads = [Upload(file.name, file.size, file) for file in files]
    for file in files:
        file.seek(0)
    with st.spinner("Putting the files away"):
        own, server = cached_sets.cache_folder(), cached_sets.server_folder()
        everybody = () if own == server else tuple(server.glob(f"{FOLDER}/*/uploads"))
        return str(put_away(uploads, own, beside=everybody))


def _format_and_look() -> None:
    """Show both in one row."""
    left, right = st.columns([0.64, 0.36], vertical_alignment="bottom", gap="small")
    left.selectbox("Format", format_choices(), key="data_format", help=_HELP["format"])
    right.button(
        "Look", key="data_look", icon=":material/search:", width="stretch", type="primary", on_click=_ask
    )


def _pressed() -> _Asked:
    """Return what the widgets say now."""
    said = {
        name: str(st.session_state.get(f"data_{name}") or "") for name in ("where", "path", "hub", "root")
    }
    is_hub = said["where"] == HUB
    return _Asked(
        where=said["where"],
        source=said["hub" if is_hub else "path"],
        format=st.session_state["data_format"],
        root="" if is_hub or said["where"] == UPLOAD else said["root"],
    )


def _ask() -> None:
    st.session_state[_ASKED] = _pressed()


def _asked() -> _Asked | None:
    found: _Asked | None = st.session_state.get(_ASKED)
    return found


def _look(source: str, asked: _Asked) -> None:
    """Look at it, and keep what is found; a run that is broken off meanwhile leaves it asked for."""
    _begin_anew()
    try:
        with st.spinner("Looking at it"):
            st.session_state[_FOUND] = look(
                source, asked.format, root=asked.root, own=cached_sets.cache_folder()
            )
    except sde.SDEError as error:
        st.session_state[_ERROR] = _sentence(error)
    st.session_state.pop(_ASKED, None)


def _sentence(error: sde.SDEError) -> str:
    return str(error)

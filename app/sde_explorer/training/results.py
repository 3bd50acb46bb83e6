"""What a training leaves: vectors for the other views, checkpoints, an encoder for open_clip."""

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from sde_core.training.run import ENCODER_FOLDER
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.training.leads import against_button, go, look_button, start_button
from sde_explorer.training.mix import training_mix
from sde_explorer.training.names import training_name
from sde_explorer.training.runs import last_checkpoint, trained_set
from sde_explorer.ui.called import name_box
from sde_explorer.ui.file_button import file_button
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_explorer.training.numbers.run import TrainingLog
    from sde_explorer.training.runs import TrainingRequest


def training_results(folder: Path, request: "TrainingRequest", log: "TrainingLog") -> None:
    """Show what there is of each run: open its vectors, download checkpoint and encoder."""
    go()
    found = {name: last_checkpoint(folder, name) for name in request.runs}
    if not any(found.values()):
        return
    for name, checkpoint in found.items():
        if checkpoint is not None:
            _run(folder, request, log, name, checkpoint)
    ended = [name for name, run in log.runs.items() if run.done is not None]
    against_button(folder, request, ended)
    if ended:
        training_mix(folder, request, ended)
    name_box("Call this training", folder.name, training_name(folder))


def _run(folder: Path, request: "TrainingRequest", log: "TrainingLog", name: str, checkpoint: Path) -> None:
    run = log.runs.get(name)
    done = run.done if run is not None else None
    with st.container(border=True):
        st.markdown(f"**{name}**: {request.runs[name].train}, {_state(log, name)}")
        with st.container(horizontal=True):
            if done is not None:
                vectors = trained_set(cached_sets.cache_folder(), folder, name)
                look_button(request, vectors, key=f"open {folder.name} {name}")
                start_button(folder, request, name)
                if done["checkpoint"]:
                    checkpoint = Path(str(done["checkpoint"]))
            file_button(
                "Checkpoint (safetensors)",
                checkpoint.read_bytes,
                f"{folder.name}-{_plain(name)}.safetensors",
                help="Weights, optimiser and settings: `sde finetune --resume` goes on with it.",
            )
            target = folder / name / ENCODER_FOLDER
            if done is not None and done["encoder_folder"] and target.is_dir():
                file_button(
                    "Encoder for open_clip (zip)",
                    lambda: zipped(target),
                    f"{folder.name}-{_plain(name)}-open_clip.zip",
                    help="Unpacked, it loads as `local-dir:FOLDER` in open_clip and as an encoder here.",
                )
        if done is not None:
            st.caption(as_text(str(done["note"])))


def _state(log: "TrainingLog", name: str) -> str:
    run = log.runs.get(name)
    if run is None:
        return "not started"
    if run.done is not None:
        early = (
            f"best at step {run.done['best_step']:,}; " if run.done["best_step"] != run.done["step"] else ""
        )
        return f"{early}trained {run.step:,} steps"
    return f"{run.step:,} of {run.total_steps:,} steps"


def zipped(folder: Path) -> bytes:
    """Return the files of a folder as an archive; weights do not compress, so they are stored as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(folder).as_posix())
    return out.getvalue()


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name)

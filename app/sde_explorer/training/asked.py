"""What the form of a training asks for, read from its widgets when its button is pressed, not when they were drawn."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

import sde_core as sde
from sde_core.training import FinetuneConfig, LossConfig
from sde_core.training.split import is_left_alone
from sde_explorer.jobs import queue
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.serving.places import check_writing
from sde_explorer.training.job import training_job
from sde_explorer.training.numbers.presets import BASELINE, OWN_MIX, PRESETS, own_mix
from sde_explorer.training.runs import TrainingRequest, new_folder, write_request
from sde_explorer.ui.session import current_state, put

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset

SPLIT = "split="
PROBLEM = "train_problem"
"""Where the session keeps what is wrong with the settings, until the page has said it."""
OWN: dict[str, Any] = {
    "enhance": True,
    "hellinger": 1.0,
    "subspace": 1.0,
    "contrast": 0.0,
    "whitening": 0.0,
    "spectral": 0.0,
    "band": "all",
    "start": 1.0,
    "end": 0.1,
}
"""An own mix as its widgets show it first."""
_FIELDS = {
    "batch_size": "train_batch",
    "accumulate": "train_accumulate",
    "steps": "train_steps",
    "learning_rate": "train_rate",
    "weight_decay": "train_decay",
    "warmup": "train_warmup",
    "patience": "train_patience",
    "data_seed": "train_seed",
    "noise_seed": "train_seed",
    "init_seed": "train_seed",
    "captions": "train_captions",
    "duplicates": "train_duplicates",
}
# Drawn only where these parts of a model are trained.
_FIELDS_OF = {
    "last-block": {
        "lora_rank": "train_lora",
        "precision": "train_precision",
        "unlocked_groups": "train_groups",
    },
    "full": {"lora_rank": "train_lora", "precision": "train_precision"},
}


def asked_loss(preset: str) -> LossConfig:
    """Return the loss of a preset, or the own mix that the widgets say.

    Args:
        preset: label of the choice.

    Raises:
        ConfigError: a weight outside its range.
    """
    if preset != OWN_MIX:
        return PRESETS[preset].loss
    said: dict[str, Any] = {name: st.session_state.get(f"mix_{name}", first) for name, first in OWN.items()}
    return own_mix(weight_start=said.pop("start"), weight_end=said.pop("end"), **said)


def asked_config(preset: str) -> FinetuneConfig:
    """Return the configuration that the widgets say.

    Args:
        preset: label of the loss.

    Raises:
        ConfigError: settings that do not go together.
    """
    said = st.session_state
    train = str(said["train_what"])
    keys = _FIELDS | {name: key for name, key in _FIELDS_OF.get(train, {}).items() if key in said}
    more: dict[str, Any] = {name: said[key] for name, key in keys.items()}
    more["seconds"] = None if more["steps"] else float(said["train_seconds"])
    more["concept"] = said["train_concept"] or ""
    return FinetuneConfig(train=train, loss=asked_loss(preset), rule=current_state().rule, **more)  # type: ignore[arg-type]


def trained_part(part: tuple[str, ...]) -> tuple[str, ...]:
    """Return the filters of what is trained on while a part is open.

    A part that is kept for tests alone is never trained on: then it is the rest, whatever else narrows it down.

    Args:
        part: that is open.
    """
    splits = [text for text in part if text.startswith(SPLIT)]
    if not splits or not all(is_left_alone(text.removeprefix(SPLIT)) for text in splits):
        return part
    return tuple(text for text in part if text not in splits)


def untouched_part(request: TrainingRequest) -> tuple[str, ...]:
    """Return the filters on which what was trained is looked at: what the training left alone, where there is some.

    Args:
        request: of the training.
    """
    if any(text.startswith(SPLIT) for text in request.part):
        return request.part
    offered = cached_sets.filters_of(Path(request.folder))
    kept = [text for text in offered if text.startswith(SPLIT) and is_left_alone(text.removeprefix(SPLIT))]
    return (*request.part, *kept)


def start_training() -> None:
    """Start what the form asks for, or keep what is wrong with it for the page to say: a callback."""
    preset, state = str(st.session_state["train_loss"]), current_state()
    st.session_state.pop(PROBLEM, None)
    try:
        data = cached_sets.dataset(cached_sets.entry_of(state), trained_part(state.part))
        runs = {PRESETS[preset].run: asked_config(preset)}
        if st.session_state["train_beside"] and preset != BASELINE:
            (config,) = runs.values()
            runs[PRESETS[BASELINE].run] = replace(config, loss=PRESETS[BASELINE].loss)
        _start(data, runs)
    except sde.SDEError as error:
        st.session_state[PROBLEM] = error


def _start(data: "Dataset", runs: dict[str, FinetuneConfig]) -> None:
    """Write down what is asked for and hand it to the queue.

    Raises:
        DataError: the folder cannot be written to, or this server only shows.
    """
    from sde_core.checks.device import resolve_device

    check_writing()
    state, train = current_state(), next(iter(runs.values())).train
    folder = new_folder(cached_sets.cache_folder(), f"{state.data.split('/')[-1]}-{train}", datetime.now())
    request = TrainingRequest(
        title=f"{' beside '.join(runs)}, {train} on {state.data}",
        data=state.data,
        folder=data.folder,
        part=trained_part(state.part),
        fingerprint=data.fingerprint,
        runs=runs,
    )
    write_request(request, folder)
    queue.submit(
        training_job(request, folder, cached_sets.cache_folder(), device=str(resolve_device("auto")))
    )
    put(training=folder.name)

"""What to train, by which loss, for how long: the form that starts a training."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast, get_args

import streamlit as st

import sde_core as sde
from sde_core.training import FinetuneConfig, LossConfig
from sde_core.training.config import LEARNING_RATES, Trained
from sde_explorer.jobs import queue
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.serving.places import READ_ONLY, check_writing
from sde_explorer.serving.policy import current
from sde_explorer.training.job import training_job
from sde_explorer.training.numbers.evidence import expected
from sde_explorer.training.numbers.presets import BASELINE, OWN_MIX, PRESETS, ContrastBand, own_mix
from sde_explorer.training.runs import TrainingRequest, new_folder, write_request
from sde_explorer.training.terms import TRAINING
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.session import current_state, put

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from sde_explorer.readings.cached.sets import Dataset

SECONDS = (10, 20, 30, 60, 120, 300, 600, 1800)


def training_form(data: "Dataset", problems: "DeltaGenerator") -> None:
    """Show the form on one line, what is rarely touched behind a button; its last button starts the training.

    Args:
        data: what is trained on.
        problems: where to say what is wrong with the settings.
    """
    if current().read_only:
        st.caption(f":material/lock: {READ_ONLY[0].upper()}{READ_ONLY[1:]}.")
        return
    preset = st.selectbox(
        "Loss", PRESETS, key="train_loss", help=TRAINING["loss"], label_visibility="collapsed", width=210
    )
    seconds = st.selectbox(
        "About how long",
        SECONDS,
        SECONDS.index(60),
        format_func=lambda s: f"{s} s" if s < 60 else f"{s // 60} min",
        key="train_seconds",
        help=TRAINING["seconds"],
        label_visibility="collapsed",
        width=96,
    )
    with st.popover("Settings", icon=":material/tune:", width="content"):
        train, beside, loss, more = _settings(data, preset)
    pressed = st.button("Start training", type="primary", icon=":material/play_arrow:", key="train_start")
    if not pressed:
        return
    try:
        if isinstance(loss, str):
            raise sde.ConfigError(loss)
        config = _config(train, loss, int(seconds), more)
        _start(data, config, PRESETS[preset].run, beside=beside and preset != BASELINE)
    except sde.SDEError as error:
        with problems:
            error_box(error)


def _settings(data: "Dataset", preset: str) -> tuple[str, bool, LossConfig | str, dict[str, Any]]:
    """Show what is trained, what stands beside it and the loss's parts; return it, or what is wrong with the loss."""
    st.caption(f"**{preset}.** {PRESETS[preset].words} {expected(PRESETS[preset].run)}")
    left, right = st.columns(2, vertical_alignment="bottom", gap="medium")
    train = str(left.selectbox("Train", get_args(Trained), key="train_what", help=TRAINING["train"]))
    beside = right.toggle(
        "Beside plain InfoNCE", True, key="train_beside", disabled=preset == BASELINE, help=TRAINING["beside"]
    )
    st.caption(TRAINING[train])
    loss = _own_mix() if preset == OWN_MIX else PRESETS[preset].loss
    return train, bool(beside), loss, _more(data, train)


def _own_mix() -> LossConfig | str:
    """Show a weight for each part; return the loss, or what is wrong with it."""
    one, two = st.columns(2)
    three, four = one, two
    enhance = one.toggle("Enhanced features [R]", True, key="mix_enhance", help=TRAINING["enhance"])
    weights: dict[str, float] = {}
    for place, name, label, value in (
        (two, "hellinger", "Hellinger weight [R]", 1.0),
        (three, "subspace", "Subspace weight [R]", 1.0),
        (four, "contrast", "Component contrast weight [X]", 0.0),
        (four, "whitening", "Whitened agreement weight [X]", 0.0),
        (one, "spectral", "Spectral contrast weight [X]", 0.0),
    ):
        weights[name] = place.number_input(
            label, 0.0, 100.0, value, 0.1, key=f"mix_{name}", help=TRAINING[name]
        )
    band = one.segmented_control(
        "Contrasted directions", ("all", "signal", "noise"), default="all", required=True, key="mix_band",
        help=TRAINING["band"],
    )  # fmt: skip
    start = two.number_input("λ at the start", 0.0, 100.0, 1.0, 0.1, key="mix_start", help=TRAINING["lambda"])
    end = three.number_input("λ at the end", 0.0, 100.0, 0.1, 0.1, key="mix_end", help=TRAINING["lambda"])
    try:
        return own_mix(
            enhance=enhance, band=cast(ContrastBand, band), weight_start=start, weight_end=end, **weights
        )
    except sde.ConfigError as error:
        return str(error)


def _more(data: "Dataset", train: str) -> dict[str, Any]:
    """Show what rarely needs to be touched; return it by field of `FinetuneConfig`."""
    with st.expander("More settings", icon=":material/tune:"):
        a, b = st.columns(2)
        c, d = a, b
        chosen: dict[str, Any] = {
            "batch_size": a.number_input("Batch size", 2, 65_536, 512, 64, key="train_batch"),
            "accumulate": a.number_input(
                "Parts of a batch", 1, 1024, 1, key="train_accumulate", help=TRAINING["accumulate"]
            ),
            "steps": b.number_input(
                "Steps", 1, None, None, key="train_steps", placeholder="by time", help=TRAINING["steps"]
            ),
            "learning_rate": b.number_input(
                "Learning rate", 1e-8, 10.0, None, format="%.1e", key="train_rate",
                placeholder=f"usual: {LEARNING_RATES[train]:g}", help=TRAINING["learning_rate"],
            ),
            "weight_decay": c.number_input("Weight decay", 0.0, 10.0, 0.1, 0.05, key="train_decay"),
            "warmup": c.number_input("Warm-up, share of steps", 0.0, 0.9, 0.1, 0.05, key="train_warmup"),
            "patience": d.number_input(
                "Early stop after looks", 1, 1000, None, key="train_patience", placeholder="never",
                help=TRAINING["patience"],
            ),
        }  # fmt: skip
        seed = d.number_input("Seed", 0, 2**31 - 1, 0, key="train_seed", help=TRAINING["seed"])
        chosen |= {"data_seed": seed, "noise_seed": seed, "init_seed": seed}
        columns = tuple(data.embeddings.metadata)
        chosen["captions"] = a.segmented_control(
            "Captions", ("sampled", "primary"), default="sampled", required=True, key="train_captions",
            help=TRAINING["captions"],
        )  # fmt: skip
        chosen["duplicates"] = b.segmented_control(
            "Equal captions", ("skipped", "negatives"), default="skipped", required=True, key="train_duplicates",
            help=TRAINING["duplicates"],
        )  # fmt: skip
        concept = c.selectbox(
            "Concept column", columns, index=None, placeholder="captions only", key="train_concept",
            help=TRAINING["concept"],
        )  # fmt: skip
        chosen["concept"] = concept or ""
        if train in ("last-block", "full"):
            chosen["lora_rank"] = d.number_input(
                "LoRA rank", 0, 512, 0, key="train_lora", help=TRAINING["lora"]
            )
            chosen["precision"] = c.segmented_control(
                "Precision", ("fp32", "bf16", "fp16"), default="fp32", required=True, key="train_precision"
            )
        if train == "last-block":
            chosen["unlocked_groups"] = d.number_input(
                "Unlocked groups", 1, 64, 1, key="train_groups", help=TRAINING["groups"]
            )
    return chosen


def _config(train: str, loss: LossConfig, seconds: int, more: dict[str, Any]) -> FinetuneConfig:
    rule = current_state().rule
    budget = {"seconds": None if more["steps"] else float(seconds)}
    return FinetuneConfig(train=train, loss=loss, rule=rule, **budget, **more)  # type: ignore[arg-type]


def _start(data: "Dataset", config: FinetuneConfig, run: str, *, beside: bool) -> None:
    """Write down what is asked for and hand it to the queue.

    Raises:
        DataError: the folder cannot be written to, or this server only shows.
    """
    from sde_core.checks.device import resolve_device

    check_writing()
    state = current_state()
    runs = {run: config}
    if beside:
        runs[PRESETS[BASELINE].run] = replace(config, loss=PRESETS[BASELINE].loss)
    title = f"{' beside '.join(runs)}, {config.train} on {state.data}"
    folder = new_folder(
        cached_sets.cache_folder(), f"{state.data.split('/')[-1]}-{config.train}", datetime.now()
    )
    request = TrainingRequest(
        title=title,
        data=state.data,
        folder=data.folder,
        part=state.part,
        fingerprint=data.fingerprint,
        runs=runs,
    )
    write_request(request, folder)
    queue.submit(
        training_job(request, folder, cached_sets.cache_folder(), device=str(resolve_device("auto")))
    )
    put(training=folder.name)
    st.rerun()

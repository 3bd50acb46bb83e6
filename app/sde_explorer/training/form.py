"""What to train, by which loss, for how long: the form that starts a training."""

from typing import TYPE_CHECKING, get_args

import streamlit as st

from sde_core.training.config import LEARNING_RATES, Trained
from sde_explorer.serving.places import READ_ONLY
from sde_explorer.serving.policy import current
from sde_explorer.training.asked import OWN, PROBLEM, start_training
from sde_explorer.training.numbers.evidence import expected
from sde_explorer.training.numbers.presets import BASELINE, OWN_MIX, PRESETS
from sde_explorer.training.terms import TRAINING
from sde_explorer.ui.notices import error_box

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
    st.selectbox(
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
        _settings(data, preset)
    st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        key="train_start",
        on_click=start_training,
    )
    if PROBLEM in st.session_state:
        with problems:
            error_box(st.session_state[PROBLEM])
        del st.session_state[PROBLEM]


def _settings(data: "Dataset", preset: str) -> None:
    """Show what is trained, what stands beside it and the loss's parts."""
    st.caption(f"**{preset}.** {PRESETS[preset].words} {expected(PRESETS[preset].run)}")
    left, right = st.columns(2, vertical_alignment="bottom", gap="medium")
    train = str(left.selectbox("Train", get_args(Trained), key="train_what", help=TRAINING["train"]))
    right.toggle(
        "Beside plain InfoNCE", True, key="train_beside", disabled=preset == BASELINE, help=TRAINING["beside"]
    )
    st.caption(TRAINING[train])
    if preset == OWN_MIX:
        _own_mix()
    _more(data, train)


def _own_mix() -> None:
    """Show a weight for each part."""
    one, two = st.columns(2)
    three, four = one, two
    one.toggle("Enhanced features [R]", OWN["enhance"], key="mix_enhance", help=TRAINING["enhance"])
    for place, name, label, about in (
        (two, "hellinger", "Hellinger weight [R]", "hellinger"),
        (three, "subspace", "Subspace weight [R]", "subspace"),
        (four, "contrast", "Component contrast weight [X]", "contrast"),
        (four, "whitening", "Whitened agreement weight [X]", "whitening"),
        (one, "spectral", "Spectral contrast weight [X]", "spectral"),
        (two, "start", "λ at the start", "lambda"),
        (three, "end", "λ at the end", "lambda"),
    ):
        place.number_input(label, 0.0, 100.0, OWN[name], 0.1, key=f"mix_{name}", help=TRAINING[about])
    one.segmented_control(
        "Contrasted directions", ("all", "signal", "noise"), default=OWN["band"], required=True, key="mix_band",
        help=TRAINING["band"],
    )  # fmt: skip


def _more(data: "Dataset", train: str) -> None:
    """Show what rarely needs to be touched."""
    with st.expander("More settings", icon=":material/tune:"):
        a, b = st.columns(2)
        c, d = a, b
        a.number_input("Batch size", 2, 65_536, 512, 64, key="train_batch")
        a.number_input("Parts of a batch", 1, 1024, 1, key="train_accumulate", help=TRAINING["accumulate"])
        b.number_input(
            "Steps", 1, None, None, key="train_steps", placeholder="by time", help=TRAINING["steps"]
        )
        b.number_input(
            "Learning rate", 1e-8, 10.0, None, format="%.1e", key="train_rate",
            placeholder=f"usual: {LEARNING_RATES[train]:g}", help=TRAINING["learning_rate"],
        )  # fmt: skip
        c.number_input("Weight decay", 0.0, 10.0, 0.1, 0.05, key="train_decay")
        c.number_input("Warm-up, share of steps", 0.0, 0.9, 0.1, 0.05, key="train_warmup")
        d.number_input(
            "Early stop after looks", 1, 1000, None, key="train_patience", placeholder="never",
            help=TRAINING["patience"],
        )  # fmt: skip
        d.number_input("Seed", 0, 2**31 - 1, 0, key="train_seed", help=TRAINING["seed"])
        columns = tuple(data.embeddings.metadata)
        a.segmented_control(
            "Captions", ("sampled", "primary"), default="sampled", required=True, key="train_captions",
            help=TRAINING["captions"],
        )  # fmt: skip
        b.segmented_control(
            "Equal captions", ("skipped", "negatives"), default="skipped", required=True, key="train_duplicates",
            help=TRAINING["duplicates"],
        )  # fmt: skip
        c.selectbox(
            "Concept column", columns, index=None, placeholder="captions only", key="train_concept",
            help=TRAINING["concept"],
        )  # fmt: skip
        if train in ("last-block", "full"):
            d.number_input("LoRA rank", 0, 512, 0, key="train_lora", help=TRAINING["lora"])
            c.segmented_control(
                "Precision", ("fp32", "bf16", "fp16"), default="fp32", required=True, key="train_precision"
            )
        if train == "last-block":
            d.number_input("Unlocked groups", 1, 64, 1, key="train_groups", help=TRAINING["groups"])

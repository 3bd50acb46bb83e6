"""Hugging Face's Trainer: a callback under which `SDELoss` follows the optimiser and is saved beside it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from sde_core.losses.sde_loss import SDELoss

if TYPE_CHECKING:
    from transformers import TrainerCallback

STATE_FILE = "sde_loss.pt"
"""In every ``checkpoint-N`` folder: tensors, numbers and text only."""


def transformers_callback(loss: SDELoss) -> "TrainerCallback":
    """Return a callback for ``Trainer(callbacks=[...])``.

    Progress goes from 0 on the first optimiser step to 1 on the last that the Trainer plans, whatever it evaluates
    or accumulates, and ``resume_from_checkpoint`` goes on where it was.
    """
    from transformers import TrainerCallback

    class FollowTrainer(TrainerCallback):
        """Has the loss follow the optimiser, and keeps its state in the checkpoint's folder."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **objects: Any) -> None:  # noqa: ANN401
            """Follow the optimiser, whose state is loaded by now."""
            kept = _folder(args, state) / STATE_FILE
            if state.global_step and kept.is_file():
                loss.set_extra_state(torch.load(kept, map_location="cpu", weights_only=True))
            loss.follow(objects["optimizer"], total_steps=state.max_steps)

        def on_save(self, args: Any, state: Any, control: Any, **objects: Any) -> None:  # noqa: ANN401
            """Write the loss's state, on the first process."""
            if state.is_world_process_zero:
                torch.save(loss.get_extra_state(), _folder(args, state) / STATE_FILE)

    return FollowTrainer()


def _folder(args: Any, state: Any) -> Path:  # noqa: ANN401
    return Path(args.output_dir) / f"checkpoint-{state.global_step}"

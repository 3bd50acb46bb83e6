"""Accelerate: `SDELoss` follows the optimiser and is saved by ``accelerator.save_state``."""

from typing import TYPE_CHECKING

from torch.optim import Optimizer

from sde_core.losses.sde_loss import SDELoss

if TYPE_CHECKING:
    from accelerate import Accelerator


def follow_accelerate(
    accelerator: "Accelerator", loss: SDELoss, optimizer: Optimizer, *, total_steps: int
) -> SDELoss:
    """Return the loss, which goes by the optimiser's steps from now on and is part of the accelerator's checkpoints.

    Args:
        accelerator: whose ``save_state`` and ``load_state`` are to know the loss.
        loss: built before or after the accelerator.
        optimizer: as ``accelerator.prepare`` returned it, or as it was.
        total_steps: optimiser steps of the whole training, not parts of steps.
    """
    accelerator.register_for_checkpointing(loss)
    loss.follow(optimizer, total_steps=total_steps)
    return loss

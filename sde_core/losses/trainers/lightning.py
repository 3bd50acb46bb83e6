"""Lightning: a callback under which `SDELoss` follows the optimiser and is saved with the checkpoint."""

from typing import TYPE_CHECKING, Any

from sde_core.losses.sde_loss import SDELoss

if TYPE_CHECKING:
    from lightning import Callback


def lightning_callback(loss: SDELoss) -> "Callback":
    """Return a callback for ``Trainer(callbacks=[...])``; the loss may be built in the module's ``__init__``.

    Progress goes from 0 on the first optimiser step to 1 on the last that the trainer plans, whatever it validates
    or accumulates, and a resumed fit goes on where it was.

    Raises:
        ConfigError: when training starts, a trainer without an end; give ``max_steps`` or ``max_epochs``.
    """
    from lightning import Callback, LightningModule, Trainer

    from sde_core.errors import ConfigError

    class FollowTrainer(Callback):  # type: ignore[misc]
        """Has the loss follow the first optimiser, and keeps its state in the checkpoint."""

        def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
            """Follow the optimiser, whose state is loaded by now."""
            steps = trainer.estimated_stepping_batches
            if steps == float("inf"):
                raise ConfigError(
                    "the trainer must plan an end, for progress to reach 1: give max_steps or max_epochs"
                )
            loss.follow(trainer.optimizers[0], total_steps=int(steps))

        def state_dict(self) -> dict[str, Any]:
            """Return the loss's state."""
            return {"loss": loss.get_extra_state()}

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            """Take over the loss's state."""
            loss.set_extra_state(state_dict["loss"])

    return FollowTrainer()

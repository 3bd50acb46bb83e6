"""Hugging Face's Trainer: a callback that has a monitor hear the trainer's steps."""

from typing import TYPE_CHECKING, Any

from torch import nn

from sde_core.training.monitoring.monitor import SpectralMonitor

if TYPE_CHECKING:
    from transformers import TrainerCallback


def transformers_monitor(monitor: SpectralMonitor, module: nn.Module | None = None) -> "TrainerCallback":
    """Return a callback for ``Trainer(callbacks=[...])``.

    Args:
        monitor: hears the optimiser's steps, whatever the Trainer evaluates or accumulates.
        module: the loss, or a model that returns its features by name; None takes the Trainer's model.
    """
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        """Attaches the monitor while the training runs."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **objects: Any) -> None:  # noqa: ANN401
            """Begin to hear."""
            heard = objects["model"] if module is None else module
            self.handle = monitor.attach(heard, step=lambda: state.global_step + 1)

        def on_train_end(self, args: Any, state: Any, control: Any, **objects: Any) -> None:  # noqa: ANN401
            """Stop, and finish the look under way."""
            self.handle.remove()
            monitor.close()

    return Watch()

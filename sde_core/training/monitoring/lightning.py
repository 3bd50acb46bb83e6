"""Lightning: a callback that has a monitor hear the trainer's steps."""

from typing import TYPE_CHECKING

from torch import nn

from sde_core.training.monitoring.monitor import SpectralMonitor

if TYPE_CHECKING:
    from lightning import Callback


def lightning_monitor(monitor: SpectralMonitor, module: nn.Module) -> "Callback":
    """Return a callback for ``Trainer(callbacks=[...])``.

    Args:
        monitor: hears the optimiser's steps, whatever the trainer validates or accumulates.
        module: the loss, or a model that returns its features by name.
    """
    from lightning import Callback, LightningModule, Trainer

    class Watch(Callback):  # type: ignore[misc]
        """Attaches the monitor while the fit runs."""

        def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
            """Begin to hear."""
            self.handle = monitor.attach(module, step=lambda: trainer.global_step + 1)

        def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
            """Stop, and finish the look under way."""
            self.handle.remove()
            monitor.close()

    return Watch()

"""Train two towers with Lightning and SDELoss.

python docs/examples/train_lightning.py --devices 2
"""

import argparse
import json
from pathlib import Path
from typing import Any

import lightning
import torch
from tiny_pairs import Towers, pairs
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

import sde_core as sde
from sde_core.losses.trainers.lightning import lightning_callback
from sde_core.training.monitoring.lightning import lightning_monitor


class Pairs(lightning.LightningModule):
    """The towers with their loss; it may be built here, before Lightning starts its processes."""

    def __init__(self) -> None:
        super().__init__()
        self.towers = Towers()
        self.loss = sde.SDELoss(sde.SDELossConfig.paper())
        self.history: list[tuple[float, float]] = []

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """Return the loss of a batch."""
        t = self.loss.progress
        value: Tensor = self.loss(*self.towers(*batch))
        self.history.append((t, float(self.all_gather(value.detach()).mean())))
        return value

    def validation_step(self, batch: list[Tensor]) -> None:
        """Log the loss of a validation batch; no step is counted."""
        self.log("val_loss", self.loss(*self.towers(*batch)))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser."""
        return torch.optim.AdamW(self.parameters(), lr=1e-2)


def main(argv: list[str] | None = None) -> dict[str, Any]:
    """Train, print what happened as JSON and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=64, help="over all devices")
    parser.add_argument("--accumulate", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("lightning-run"))
    parser.add_argument("--stop-after", type=int, help="epochs; a checkpoint is written")
    parser.add_argument("--resume", type=Path, help="checkpoint to go on from")
    parser.add_argument(
        "--watch", type=Path, metavar="RUN", help="write what SpectralMonitor sees, for `sde watch RUN`"
    )
    options = parser.parse_args(argv)
    module = Pairs()
    size = options.batch_size // options.devices
    data = [DataLoader(TensorDataset(*pairs(64, seed)), batch_size=size) for seed in (0, 1)]

    class Stop(lightning.Callback):
        """Ends the training early, as a machine that goes away does."""

        def on_train_epoch_end(
            self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
        ) -> None:
            """Stop after some epochs."""
            if trainer.current_epoch + 1 == options.stop_after:
                trainer.save_checkpoint(options.output / "stopped.ckpt")
                trainer.should_stop = True

    watching = []
    if options.watch:
        monitor = sde.SpectralMonitor(options.watch, every=1, rows=64, all_ranks=True, in_background=False)
        watching.append(lightning_monitor(monitor, module.loss))  # the line that watches it
    trainer = lightning.Trainer(
        accelerator="cpu", devices=options.devices, max_epochs=options.epochs, logger=False,
        strategy="ddp" if options.devices > 1 else "auto", accumulate_grad_batches=options.accumulate,
        callbacks=[lightning_callback(module.loss), Stop(), *watching],  # the line that SDELoss needs
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(module, *data, ckpt_path=options.resume)
    report = {
        "t": [t for t, _ in module.history],
        "loss": [value for _, value in module.history],
        "steps": module.loss.step,
        "progress": module.loss.progress,
    }
    if trainer.is_global_zero:
        print(json.dumps(report))
    return report


if __name__ == "__main__":
    main()

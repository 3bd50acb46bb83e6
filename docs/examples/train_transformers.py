"""Train two towers with Hugging Face's Trainer and SDELoss, evaluating with the same loss after every epoch.

python docs/examples/train_transformers.py
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from tiny_pairs import Towers, pairs
from torch import Tensor
from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments

import sde_core as sde
from sde_core.losses.trainers.transformers import transformers_callback
from sde_core.training.monitoring.transformers import transformers_monitor


class PairSet(Dataset[dict[str, Tensor]]):
    """Pairs as the Trainer wants them: a dictionary each."""

    def __init__(self, seed: int) -> None:
        self.image, self.text = pairs(64, seed)

    def __len__(self) -> int:
        return len(self.image)

    def __getitem__(self, i: int) -> dict[str, Tensor]:
        return {"image": self.image[i], "text": self.text[i]}


class PairTrainer(Trainer):
    """The Trainer with our loss, which is no part of the model."""

    def __init__(self, loss: sde.SDELoss, **arguments: Any) -> None:  # noqa: ANN401
        super().__init__(**arguments)
        self.sde_loss = loss
        self.seen: list[float] = []

    def compute_loss(
        self, model: torch.nn.Module, inputs: dict[str, Tensor], return_outputs: bool = False, **_: object
    ) -> Any:  # noqa: ANN401
        """Return the loss of a batch."""
        if model.training:
            self.seen.append(self.sde_loss.progress)
        features = model(inputs["image"], inputs["text"])
        loss = self.sde_loss(*features)
        return (loss, features) if return_outputs else loss

    def prediction_step(self, model: torch.nn.Module, inputs: dict[str, Tensor], *_: Any, **__: Any) -> Any:  # noqa: ANN401
        """Return the loss of an evaluation batch: no step is counted, because no gradients are on."""
        with torch.no_grad():
            return self.compute_loss(model, self._prepare_inputs(inputs)).detach(), None, None


def main(argv: list[str] | None = None) -> dict[str, Any]:
    """Train, print what happened as JSON and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--accumulate", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("transformers-run"))
    parser.add_argument("--resume", help="checkpoint-N folder to go on from")
    parser.add_argument(
        "--watch", type=Path, metavar="RUN", help="write what SpectralMonitor sees, for `sde watch RUN`"
    )
    options = parser.parse_args(argv)
    loss = sde.SDELoss(sde.SDELossConfig.paper())
    trainer = PairTrainer(
        loss,
        model=Towers(),
        args=TrainingArguments(
            output_dir=str(options.output), num_train_epochs=options.epochs, per_device_train_batch_size=16,
            gradient_accumulation_steps=options.accumulate, eval_strategy="epoch", save_strategy="epoch",
            learning_rate=1e-2, report_to=[], use_cpu=True, disable_tqdm=True, remove_unused_columns=False,
        ),
        train_dataset=PairSet(0),
        eval_dataset=PairSet(1),
        callbacks=[transformers_callback(loss)],  # the line that SDELoss needs
    )  # fmt: skip
    if options.watch:
        monitor = sde.SpectralMonitor(options.watch, every=2, rows=32, in_background=False)
        trainer.add_callback(transformers_monitor(monitor, loss))  # the line that watches it
    trainer.train(resume_from_checkpoint=options.resume)
    trainer.accelerator.end_training()  # processes that leave a group without a word can abort at their end
    report = {
        "t": trainer.seen, "steps": loss.step, "progress": loss.progress, "max_steps": trainer.state.max_steps,
    }  # fmt: skip
    if trainer.is_world_process_zero():
        print(json.dumps(report))
    return report


if __name__ == "__main__":
    main()

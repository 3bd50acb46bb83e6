"""Train a small CLIP on pictures and captions with sentence-transformers' trainer and SDELoss.

python docs/examples/train_sentence_transformers.py
"""

import argparse
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from PIL import Image
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
from sentence_transformers.models import CLIPModel
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor, nn
from torch.nn import functional

import sde_core as sde
from sde_core.losses.trainers.transformers import transformers_callback

COLOURS = ("red", "green", "blue", "yellow", "purple", "orange", "white", "gray")


def pictures_with_captions(count: int) -> Dataset:
    """Return pairs of a picture of one colour and its caption."""
    colours = [COLOURS[i % len(COLOURS)] for i in range(count)]
    images = [Image.new("RGB", (32, 32), colour) for colour in colours]
    return Dataset.from_dict({"image": images, "caption": [f"a {colour} square" for colour in colours]})


def tiny_clip() -> SentenceTransformer:
    """Return a CLIP of random weights, as `SentenceTransformer("clip-ViT-B-32")` returns a trained one."""
    import transformers

    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[END]", "a", "square", *COLOURS]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.CLIPConfig(
        text_config=small
        | {"vocab_size": 13, "max_position_embeddings": 8, "eos_token_id": 2, "pad_token_id": 0},
        vision_config=small | {"image_size": 32, "patch_size": 16},
        projection_dim=16,
    )
    with tempfile.TemporaryDirectory() as folder:
        transformers.CLIPModel(config).save_pretrained(folder)
        transformers.PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", model_max_length=8
        ).save_pretrained(folder)
        transformers.CLIPImageProcessor(
            size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        ).save_pretrained(folder)
        return SentenceTransformer(modules=[CLIPModel(folder)], device="cpu")


class PairLoss(nn.Module):
    """SDELoss as sentence-transformers calls its losses: tokens of every column in, one number out."""

    def __init__(self, model: SentenceTransformer, loss: sde.SDELoss) -> None:
        super().__init__()
        self.model, self.loss = model, loss
        self.scale = nn.Parameter(torch.tensor(3.0))
        self.seen: list[float] = []

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: object = None) -> Tensor:
        """Return the loss of a batch."""
        image, text = (
            functional.normalize(self.model(x)["sentence_embedding"], dim=-1) for x in sentence_features
        )
        if torch.is_grad_enabled():
            self.seen.append(self.loss.progress)
        value: Tensor = self.loss(image, text, self.scale.exp())
        return value


def main(argv: list[str] | None = None) -> dict[str, Any]:
    """Train, print what happened as JSON and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("sentence-transformers-run"))
    parser.add_argument("--resume", help="checkpoint-N folder to go on from")
    options = parser.parse_args(argv)
    model, loss = tiny_clip(), sde.SDELoss(sde.SDELossConfig.paper())
    wrapped = PairLoss(model, loss)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=Arguments(
            output_dir=str(options.output), num_train_epochs=options.epochs, per_device_train_batch_size=8,
            per_device_eval_batch_size=8, eval_strategy="epoch", save_strategy="epoch", learning_rate=1e-3,
            report_to=[], use_cpu=True, disable_tqdm=True, seed=0,
        ),
        train_dataset=pictures_with_captions(32),
        eval_dataset=pictures_with_captions(16),
        loss=wrapped,
        callbacks=[transformers_callback(loss)],  # the line that SDELoss needs
    )  # fmt: skip
    trainer.train(resume_from_checkpoint=options.resume)
    trainer.accelerator.end_training()
    report = {
        "t": wrapped.seen, "steps": loss.step, "progress": loss.progress, "max_steps": trainer.state.max_steps,
    }  # fmt: skip
    print(json.dumps(report))
    return report


if __name__ == "__main__":
    main()

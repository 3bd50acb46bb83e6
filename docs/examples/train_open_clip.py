"""Train a tiny open_clip model with open_clip's own loop and SDELoss in place of its loss.

Run it anywhere, it takes seconds on a CPU and downloads nothing:

    python docs/examples/train_open_clip.py                # InfoNCE with SDE
    python docs/examples/train_open_clip.py --loss clip    # plain InfoNCE, same seed

The loop is ``open_clip_train.train.train_one_epoch``, unchanged. In your own training the one line to
change is where ``open_clip_train.main`` calls ``create_loss(args)``; pass what it returned as
``base_loss`` to keep gathering, SigLIP and the rest as they were.
"""

import argparse
import logging
from collections.abc import Iterator
from types import SimpleNamespace

import open_clip
import torch
from open_clip_train.train import train_one_epoch
from PIL import Image, ImageDraw
from torchvision.transforms.functional import to_tensor

import sde_core as sde

COLOURS = ("red", "green", "blue", "yellow", "purple", "orange", "white", "gray")
SHAPES = ("square", "circle", "triangle")
SIZE, BATCHES, BATCH = 32, 8, 48


def picture(colour: str, shape: str, left: int, top: int) -> torch.Tensor:
    """Return a (3, SIZE, SIZE) picture of a shape on black."""
    image = Image.new("RGB", (SIZE, SIZE))
    draw, right, bottom = ImageDraw.Draw(image), left + 16, top + 16
    if shape == "square":
        draw.rectangle((left, top, right, bottom), fill=colour)
    elif shape == "circle":
        draw.ellipse((left, top, right, bottom), fill=colour)
    else:
        draw.polygon([(left, bottom), (right, bottom), (left + 8, top)], fill=colour)
    return to_tensor(image)


class ShapePairs:
    """Batches of pictures of coloured shapes with their captions, drawn anew from a seed each epoch."""

    num_batches = BATCHES
    num_samples = BATCHES * BATCH

    def __init__(self) -> None:
        self.dataloader = self
        self.epoch = 0
        self.tokenizer = open_clip.SimpleTokenizer(context_length=8)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch's pictures; open_clip's loop calls it."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield images (BATCH, 3, SIZE, SIZE) and token ids (BATCH, 8)."""
        generator = torch.Generator().manual_seed(self.epoch)
        kinds = [(colour, shape) for colour in COLOURS for shape in SHAPES]
        for _ in range(BATCHES):
            picks = torch.arange(BATCH) % len(kinds)
            places = torch.randint(0, SIZE - 16, (BATCH, 2), generator=generator).tolist()
            chosen = [kinds[i] for i in picks.tolist()]
            images = [picture(*kind, *place) for kind, place in zip(chosen, places, strict=True)]
            yield torch.stack(images), self.tokenizer([f"a {c} {s}" for c, s in chosen])


def loop_settings(accum_freq: int) -> SimpleNamespace:
    """Return what open_clip's loop reads from its command line."""
    return SimpleNamespace(
        device="cpu", precision="fp32", distill=False, accum_freq=accum_freq, skip_scheduler=True,
        grad_clip_norm=1.0, horovod=False, log_every_n_steps=100, batch_size=BATCH, world_size=1,
        rank=0, local_rank=0, log_local=False, wandb=False,
    )  # fmt: skip


def accuracy(model: torch.nn.Module, data: ShapePairs) -> float:
    """Return the share of pictures of a fresh batch whose best caption is right."""
    data.set_epoch(10**6)
    images, texts = next(iter(data))
    with torch.no_grad():
        out = model.eval()(images, texts)
    best = (out["image_features"] @ out["text_features"].T).argmax(dim=1)
    return float((texts[best] == texts).all(dim=1).float().mean())


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Train, print what happened and return it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--loss", choices=("sde", "clip"), default="sde")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--accum-freq", type=int, default=1)
    parser.add_argument(
        "--watch", metavar="RUN", help="write what SpectralMonitor sees there, for `sde watch RUN`"
    )
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.manual_seed(0)
    model = open_clip.CLIP(
        embed_dim=32,
        vision_cfg={"image_size": SIZE, "layers": 2, "width": 64, "head_width": 16, "patch_size": 8},
        text_cfg={"context_length": 8, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1},
        output_dict=True,
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    data, settings = ShapePairs(), loop_settings(options.accum_freq)

    loss = open_clip.ClipLoss()
    if options.loss == "sde":
        steps = options.epochs * (BATCHES // options.accum_freq)
        config = sde.SDELossConfig.paper(total_steps=steps, calls_per_step=options.accum_freq)
        loss = sde.SDELoss(config, base_loss=loss)  # the one line that changes

    if options.watch:
        monitor = sde.SpectralMonitor(
            options.watch, every=8 // options.accum_freq, rows=4 * BATCH, in_background=False
        )
        monitor.attach(loss, calls_per_step=options.accum_freq)  # the one line that watches it

    before = accuracy(model, data)
    for epoch in range(options.epochs):
        train_one_epoch(model, {"train": data}, loss, epoch, optimizer, None, None, None, settings)
    if options.watch:
        monitor.close()
    report = {"before": before, "after": accuracy(model, data)}
    if options.loss == "sde":
        report |= {"steps": loss.step, "progress": loss.progress, "alpha": loss.alpha}
    print("  ".join(f"{name} {value:.3f}" for name, value in report.items()))
    return report


if __name__ == "__main__":
    main()

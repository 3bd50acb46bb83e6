"""Epochs a minute of adapter training on the bundled pairs at 256 dimensions: `python -m benchmarks.training`."""

import argparse
import time
from dataclasses import replace

import numpy as np
import torch

import sde_core as sde
from sde_core.training import Step

_BARE = sde.SDELossConfig(enhancement=None, hellinger=0, subspace=0)


def losses() -> dict[str, sde.LossConfig]:
    """Return what is timed, by the name in the table."""
    contrast = replace(_BARE, component_contrast=1.0, basis_memory=0.9, refresh_every=16, spectral_every=1)
    return {
        "InfoNCE": sde.LossConfig(),
        "SigLIP": sde.LossConfig(name="siglip"),
        "SDE, `SDELossConfig()`": sde.LossConfig(name="sde"),
        "SDE, component contrast": sde.LossConfig(name="sde", sde=contrast),
        "FANoise-style": sde.LossConfig(name="fanoise"),
        "Barlow-style": sde.LossConfig(name="barlow"),
        "VICReg-style": sde.LossConfig(name="vicreg"),
    }


def bundled_at(width: int) -> sde.EmbeddingSet:
    """Return both bundled sets with their vectors turned into ``width`` dimensions; cosines stay as they are."""
    whole = sde.concatenate([sde.open_embeddings(name) for name in ("emoji", "clipart")])
    noise = np.random.default_rng(0).normal(size=(width, whole.width))
    turn = np.linalg.qr(noise)[0].T.astype(np.float32)  # (own width, width), orthonormal rows
    image, text = (np.asarray(x, np.float32) @ turn for x in (whole.image, whole.text))
    return replace(whole, image=image, text=text)


def main() -> None:
    """Print epochs a minute, looks included, and milliseconds of a step alone, for each loss."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--width", type=int, default=256, help="default: %(default)s")
    parser.add_argument("--epochs", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--batch-size", type=int, default=512, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=2, help="default: %(default)s")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    source = bundled_at(options.width)
    print("| loss | epochs a minute, with 21 looks | a step alone, ms: median |")
    print("|---|---:|---:|")
    for name, loss in losses().items():
        config = sde.FinetuneConfig(
            loss=loss, epochs=options.epochs, batch_size=options.batch_size, device="cpu"
        )
        seconds, step = _timed(source, config)
        print(f"| {name} | {60 * options.epochs / seconds:.0f} | {1000 * step:.0f} |", flush=True)


def _timed(source: sde.EmbeddingSet, config: sde.FinetuneConfig) -> tuple[float, float]:
    """Return the seconds from the call to the result, and the median between two steps without a look."""
    started, before, between = time.monotonic(), 0.0, []
    for event in sde.finetune(source, config):
        now = time.monotonic()
        if isinstance(event, Step):
            between.append(now - before)
        before = now
    return time.monotonic() - started, float(np.median(between))


if __name__ == "__main__":
    main()

"""Trains in a child that is killed with SIGKILL after so many events, again and again, until it is done.

Run by test_faults.py: ``kill_anywhere.py SET OUTPUT RESULT``; writes the trained vectors to RESULT.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch

import sde_core as sde
from sde_core.training import CheckpointSaved, Done

CONFIG = sde.FinetuneConfig(
    steps=14, batch_size=32, learning_rate=2e-2, evaluate_every=3, device="cpu", patience=50,
    loss=sde.LossConfig(name="sde"),
)  # fmt: skip


def train(source: sde.EmbeddingSet, output: Path, pipe: int, result: Path) -> None:
    last = output / "last.safetensors"
    for event in sde.finetune(source, CONFIG, output=output, resume=last if last.is_file() else None):
        os.write(pipe, b"s" if isinstance(event, CheckpointSaved) else b".")
        if isinstance(event, Done):
            np.savez(result, image=event.result.image, text=event.result.text)


def main(folder: str, output: str, result: str) -> None:
    torch.set_num_threads(1)
    source = sde.EmbeddingSet.load(folder)
    kills = 0
    # In the first look, while a checkpoint is written, right after one, between two steps, ...
    for n_events in (3, 4, 8, 9, 10, 11, 13, 10**6):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            train(source, Path(output), writing, Path(result))
            os._exit(0)
        os.close(writing)
        for _ in range(n_events):
            if not os.read(reading, 1):
                break
        else:
            os.kill(child, signal.SIGKILL)
            kills += 1
        os.close(reading)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            print(kills)
            sys.exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Trainings in children of this process that are killed, interrupted, or refused the disk.

Run by test_faults.py: ``hardship.py SET FOLDER LIMIT`` writes below FOLDER and prints what happened as JSON.
One process for all, because loading torch takes longer than the trainings.
"""

import contextlib
import io
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import sde_core as sde
from sde_core.cli import main as command_line
from sde_core.training import Done
from sde_core.training.events import as_plain

KILLED = sde.FinetuneConfig(
    steps=14, batch_size=32, learning_rate=2e-2, evaluate_every=3, device="cpu", patience=50,
    loss=sde.LossConfig(name="sde"),
)  # fmt: skip
ON_A_SMALL_DISK = sde.FinetuneConfig(
    steps=6, batch_size=32, learning_rate=2e-2, evaluate_every=2, device="cpu"
)


def in_a_child(work: Callable[[int], int]) -> tuple[int, int]:
    """Run ``work`` with the end of a pipe to write to; its process and the end to read from come back."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            code = work(writing)
        finally:
            os._exit(code)
    os.close(writing)
    return child, reading


def killed_until_done(source: sde.EmbeddingSet, output: Path) -> int:
    """Train in children that are killed after so many events, until one is done; how many were comes back."""

    def train(pipe: int) -> int:
        last = output / "last.safetensors"
        for event in sde.finetune(source, KILLED, output=output, resume=last if last.is_file() else None):
            os.write(pipe, b".")
            if isinstance(event, Done):
                np.savez(output.parent / "result.npz", image=event.result.image, text=event.result.text)
        return 0

    kills = 0
    # In the first look, while a checkpoint is written, right after one, between two steps, ...
    for n_events in (3, 4, 8, 9, 10, 11, 13, 10**6):
        child, pipe = in_a_child(train)
        for _ in range(n_events):
            if not os.read(pipe, 1):
                break
        else:
            os.kill(child, signal.SIGKILL)
            kills += 1
        os.close(pipe)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            return kills
    raise AssertionError("the last child was not to be killed")


def on_a_small_disk(source: sde.EmbeddingSet, folder: Path, limit: int) -> list[dict]:
    """Train where the operating system refuses files beyond ``limit``, as it does on a full disk."""

    def train(pipe: int) -> int:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        with os.fdopen(pipe, "w") as out:
            for when in ("stop", "continue"):
                config = replace(ON_A_SMALL_DISK, when_disk_full=when)
                for event in sde.finetune(source, config, output=folder / when):
                    plain = as_plain(event)
                    kept = {k: plain.get(k) for k in ("event", "step", "reason", "checkpoint")}
                    print(json.dumps({"when": when, **kept}), file=out)
        return 0

    child, pipe = in_a_child(train)
    with os.fdopen(pipe) as lines:
        events = [json.loads(line) for line in lines]
    os.waitpid(child, 0)
    return events


def interrupted(folder: Path, output: Path) -> dict:
    """Run `sde finetune`, send SIGINT after the first step; exit code, words on stderr and last step come back."""

    def train(pipe: int) -> int:
        words = ["finetune", "--embeddings", str(folder), "--output", str(output), "--steps", "100000"]
        words += ["--batch-size", "32", "--device", "cpu", "--json"]
        said = io.StringIO()
        code = 0
        with os.fdopen(pipe, "w", buffering=1) as out:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
                try:
                    code = command_line(words)
                except SystemExit as stop:
                    code = stop.code
            print(json.dumps({"event": "end", "code": code, "said": said.getvalue()}), file=out)
        return 0

    child, pipe = in_a_child(train)
    last = 0
    with os.fdopen(pipe) as lines:
        for line in lines:
            event = json.loads(line)
            if event["event"] == "Step":
                if last == 0:
                    time.sleep(0.05)  # in the middle of a later step
                    os.kill(child, signal.SIGINT)
                last = event["step"]
    os.waitpid(child, 0)
    return {**event, "last": last}


def main(folder: str, output: str, limit: int) -> None:
    torch.set_num_threads(1)
    source, out = sde.EmbeddingSet.load(folder), Path(output)
    found = {
        "kills": killed_until_done(source, out / "killed"),
        "disk": on_a_small_disk(source, out / "disk", limit),
        "interrupted": interrupted(Path(folder), out / "interrupted"),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

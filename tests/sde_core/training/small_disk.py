"""Trains where a file may not grow beyond a limit: the operating system refuses the write, as a full disk does.

Run by test_faults.py: ``small_disk.py SET OUTPUT LIMIT``; prints one event a line as JSON.
"""

import json
import resource
import signal
import sys

import sde_core as sde
from sde_core.training.events import as_plain


def main(folder: str, output: str, limit: int) -> None:
    source = sde.EmbeddingSet.load(folder)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    for when in ("stop", "continue"):
        config = sde.FinetuneConfig(
            steps=6, batch_size=32, learning_rate=2e-2, evaluate_every=2, device="cpu", when_disk_full=when
        )
        for event in sde.finetune(source, config, output=f"{output}/{when}"):
            plain = as_plain(event)
            kept = {k: plain.get(k) for k in ("event", "step", "reason", "checkpoint")}
            print(json.dumps({"when": when, **kept}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

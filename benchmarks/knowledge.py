"""What band_knowledge costs after the spectrum: 100,000 x 512 with three columns, two threads.

python -m benchmarks.knowledge
"""

import time

import numpy as np
import torch

import sde_core as sde

ROWS, WIDTH, REPEATS = 100_000, 512, 5


def main() -> None:
    """Print the least and the median of five runs, without and with the intervals, and the seconds of both threads.

    On a machine with other work the seconds of the threads tell more than the clock: half of them is what two free
    threads would take at best.
    """
    torch.set_num_threads(2)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, WIDTH)).astype(np.float32)
    embeddings = sde.EmbeddingSet.from_arrays(x, x)
    spectrum = sde.compute_spectrum(x, center="mean")
    partition = sde.partition_spectrum(spectrum)
    columns = {
        "ten values": rng.integers(0, 10, ROWS).astype(str),
        "hundred values": rng.integers(0, 100, ROWS).astype(str),
        "number": rng.normal(size=ROWS),
    }
    for n_resamples in (0, 200):
        seconds, busy = [], []
        for _ in range(REPEATS):
            start, worked = time.perf_counter(), time.process_time()
            sde.band_knowledge(
                embeddings, columns, spectrum=spectrum, partition=partition, n_resamples=n_resamples
            )
            seconds.append(time.perf_counter() - start)
            busy.append(time.process_time() - worked)
        print(
            f"{n_resamples:>3} draws: least {min(seconds):.2f} s, median {np.median(seconds):.2f} s, "
            f"threads busy for {min(busy):.2f} s"
        )


if __name__ == "__main__":
    main()

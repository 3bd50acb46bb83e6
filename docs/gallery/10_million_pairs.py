"""What about a million pairs?
===========================

Vectors stay on disk: shards are mapped, read once and added up, here one after
another, on a cluster by ``engine="ray"``. To be quick this page writes the bundled
emoji a few times over; ``COPIES = 185`` makes a million pairs by the same lines. A
copy changes no direction, so the result can be checked against one in memory.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import sde_core as sde

COPIES = 8
image, text = (x.astype(np.float16) for x in sde.open_embeddings("emoji").paired())
with TemporaryDirectory() as folder:
    for side, rows in (
        ("img_emb", image),
        ("text_emb", text),
    ):  # clip-retrieval's names
        (Path(folder) / side).mkdir()
        for part in range(COPIES):
            np.save(Path(folder) / side / f"{side}_{part}.npy", rows)
    started = time.process_time()
    sums = sde.spectra_of_shards(sde.shards_of(folder))
    seconds = time.process_time() - started

streamed = sums.sides[sde.Modality.IMAGE].spectrum()
once = sde.compute_spectrum(image.astype(np.float32)).singular_values
apart = float((streamed.singular_values / once / COPIES**0.5 - 1).abs().max())
million = 1e6 / streamed.n_samples * seconds
print(f"{streamed.n_samples:,} pairs from {sums.n_shards} shards;", end=" ")
print(f"the spectrum is that of one copy but for {apart:.0e}.")
print(f"A million would take {million:.0f} s of one processor.")

# %%
streamed.plot()

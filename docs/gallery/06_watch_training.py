"""How do I watch a training?
==========================

Two projections of the bundled vectors are trained from scratch by a plain loop. One
line of it feeds the monitor, which keeps a look at the spectra every few steps;
alarms are read from the looks.
"""

from tempfile import TemporaryDirectory

import torch
from torch.nn import functional

import sde_core as sde

torch.manual_seed(0)
pairs = sde.open_embeddings("clipart/train").paired()
image, text = (torch.from_numpy(rows).float() for rows in pairs)
of_images, of_texts = (torch.nn.Linear(192, 64, bias=False) for _ in range(2))
weights = [*of_images.parameters(), *of_texts.parameters()]
optimiser = torch.optim.AdamW(weights, lr=0.003)

with TemporaryDirectory() as folder:
    monitor = sde.SpectralMonitor(folder, every=5, in_background=False)
    for step in range(1, 61):
        batch = torch.randint(len(image), (256,))
        x = functional.normalize(of_images(image[batch]), dim=1)
        y = functional.normalize(of_texts(text[batch]), dim=1)
        loss = functional.cross_entropy(20 * x @ y.T, torch.arange(256))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        # The line that watches:
        monitor(step, image=x, text=y, logit_scale=20.0, loss=loss.item())
    monitor.close()
    looks = sde.read_looks(folder)

alarms = sde.find_alarms(looks)
before, now = looks[0].image.effective_rank, looks[-1].image.effective_rank
print(f"{len(looks)} looks, {len(alarms)} alarms;", end=" ")
print(f"effective rank {before:.0f}, then {now:.0f}.")

# %%
# What ``sde watch`` and the Training view show of the folder while the training runs.

sde.FollowedRun(folder, looks).plot()

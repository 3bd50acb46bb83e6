"""How do I train with the spectral contrast?
==========================================

An adapter on the bundled vectors, beside plain InfoNCE on the same batches, so that
the difference is the loss. One short run is a hint at most: docs/results.md has the
measured answer, with seeds and tuned rivals.
"""

from collections import defaultdict
from dataclasses import replace

import plotly.graph_objects as go

import sde_core as sde

contrast = sde.SDELossConfig(
    enhancement=None, hellinger=0, subspace=0, spectral_contrast=1
)
plain = sde.FinetuneConfig(steps=40, evaluate_every=10, device="cpu")
loss = sde.LossConfig(name="sde", sde=contrast)
runs = {"InfoNCE": plain, "contrast": replace(plain, loss=loss)}
scores: dict[str, dict[int, float]] = defaultdict(dict)
for event in sde.finetune_side_by_side(sde.open_embeddings("clipart"), runs):
    if isinstance(event, sde.training.Metrics):
        scores[event.run][event.step] = 100 * event.score
told = ", ".join(f"{name} {max(at.values()):.1f} %" for name, at in scores.items())
print(f"Best mean recall on validation: {told}.")

# %%
# In a trainer of your own it is one line, ``loss = sde.SDELoss(contrast)``:
# open_clip's signature, see docs/trainers.

go.Figure(
    [
        go.Scatter(x=[*at], y=[*at.values()], name=name, mode="lines+markers")
        for name, at in scores.items()
    ],
    {"xaxis.title.text": "step", "yaxis.title.text": "mean recall, %"},
)

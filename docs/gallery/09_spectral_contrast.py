"""How do I train with the spectral contrast?
==========================================

An adapter on the bundled vectors, beside plain InfoNCE on the same batches, so that
the difference is the loss. One short run is a hint at most: docs/results.md has the
measured answer, with seeds and tuned rivals.
"""

from dataclasses import replace

import sde_core as sde

contrast = sde.SDELossConfig(
    enhancement=None, hellinger=0, subspace=0, spectral_contrast=1
)
plain = sde.FinetuneConfig(steps=40, evaluate_every=10, device="cpu")
loss = sde.LossConfig(name="sde", sde=contrast)
runs = {"InfoNCE": plain, "contrast": replace(plain, loss=loss)}
best: dict[str, float] = {}
for event in sde.finetune_side_by_side(sde.open_embeddings("clipart"), runs):
    if isinstance(event, sde.training.Metrics):
        best[event.run] = max(best.get(event.run, 0.0), event.score)
told = ", ".join(f"{name} {100 * at:.1f} %" for name, at in best.items())
print(f"Best mean recall on validation: {told}.")

# %%
# In a trainer of your own it is one line, ``loss = sde.SDELoss(contrast)``:
# open_clip's signature, see docs/trainers.

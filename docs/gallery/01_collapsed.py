"""Is my encoder collapsed?
========================

A collapsed encoder leaves most directions of its space empty. The effective rank
counts those that are in use, and the share of the first one says whether a single
direction drowns the rest. Put your own vectors in the place of ``rows``.
"""

import sde_core as sde

rows = sde.open_embeddings("clipart").image
spectrum = sde.compute_spectrum(rows)
first = float(spectrum.energies[0] / spectrum.energies.sum())
rank = float(sde.effective_rank(spectrum.singular_values))
width = spectrum.n_features
verdict = "collapsed" if first > 0.5 or rank < 0.1 * width else "not collapsed"
print(
    f"{verdict}: effective rank {rank:.0f} of {width}, one direction holds {first:.0%}."
)

# %%
# The singular values and the bands that the rule finds. A collapsed space falls off
# a cliff on the left.

spectrum.plot()

# %%
# The same pictures after a collapse: only what the first three directions hold is
# left, and a little of the rest.

kept = spectrum.basis[:, :3].numpy()
mean = rows.mean(0)
sick = sde.compute_spectrum(0.02 * (rows - mean) + (rows - mean) @ kept @ kept.T)
rank = float(sde.effective_rank(sick.singular_values))
print(f"after a collapse: effective rank {rank:.0f}.")
sick.plot()

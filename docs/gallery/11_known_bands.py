"""What do my bands know?
======================

Strong directions are said to hold meaning, noise nothing. With columns beside the
vectors it can be looked at: the share of each direction's variance that lies
between the values of a column, less chance, added up by band.
"""

import sde_core as sde

clipart = sde.open_embeddings("clipart")
known = sde.band_knowledge(clipart, ["group", "subgroup"], n_resamples=100)
for name, share in known.shares().items():
    count = int(known[name].significant.sum())
    print(f"{name}: {count} directions know it; strong ones hold", end=" ")
    print(f"{share['strong']:.0%} of it, noise {share['noise']:.0%}.")

# %%
# What the first directions are about, told from the same columns.

for number, name in enumerate(sde.direction_names(known)[:5], start=1):
    print(f"{number}: {name}")

# %%
# A bar a direction; those that could know by chance are pale.

known.plot()

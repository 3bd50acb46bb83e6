"""How many dimensions can I drop?
===============================

Recall of the test part for several widths and codes, with axes and ranges that were
fitted on the training part. Each row has its interval; the recommendation is the
smallest one whose loss the queries cannot tell from nothing.
"""

import sde_core as sde

train = sde.open_embeddings("clipart/train")
test = sde.open_embeddings("clipart/test")
table = sde.compression_table(
    test.image,
    test.text,
    test.links,
    train.paired(),
    widths=(192, 96, 48),
    axes=("pca", "own"),
    codes=("float32", "int8"),
    resampling=sde.Resampling(n_resamples=500),
)
print(sde.recommendation(table))

# %%
# What each row costs, in points of mean recall.

for row in table:
    lost = row.change
    at, low, high = 100 * lost.estimate, 100 * lost.low, 100 * lost.high
    print(f"{row.name:32} {at:+5.1f} [{low:+.1f}, {high:+.1f}]")

# %%
# The same with bytes; the grey band is whole vectors, dots what the spectrum predicts.

table.plot()

"""Which captions are wrong?
=========================

A hundred captions of the clip art are exchanged, and the library is asked which
pairs do not belong together. It sorts all pairs, and estimates how many of the
first are wrong.
"""

import numpy as np
import plotly.graph_objects as go

import sde_core as sde

clipart = sde.open_embeddings("clipart/train")
links = clipart.links.copy()
planted = np.random.default_rng(0).choice(len(links), 100, replace=False)
links[planted, 0] = np.roll(links[planted, 0], 1)

found = sde.mismatched_pairs(clipart.image, clipart.text, links)
suspects = found.order[:100]
right = np.isin(suspects, planted).sum()
print(f"About {found.n_wrong} of {len(links):,} captions are wrong.")
print(f"Of the first 100 to look at, {right} are among the 100 that were exchanged.")

# %%
# The first five, beside what is drawn.

for link in suspects[:5]:
    text, image = found.links[link]
    print(f"{clipart.image_ids[image]}: “{clipart.captions[text]}”")

# %%
# How many of the exchanged ones the first k hold, and how many a list in any order
# would.

exchanged = np.isin(found.order[:500], planted).cumsum()
go.Figure(
    [
        go.Scatter(y=exchanged, x=np.arange(1, 501), name="found"),
        go.Scatter(y=[0, 500 * 100 / len(links)], x=[0, 500], name="any order"),
    ],
    {"xaxis.title.text": "looked at", "yaxis.title.text": "of 100 exchanged"},
)

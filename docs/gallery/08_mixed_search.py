"""How do I close the gap for mixed search?
========================================

One list holds pictures and texts; captions search it. Where a modality gap stands
between them, things that are there as a picture are found late. Maps are fitted on
the training part, the list is of the test part.
"""

import numpy as np

import sde_core as sde

train, test = sde.open_embeddings("emoji/train"), sde.open_embeddings("emoji/test")
texts, owners = test.links.T
pictures, first = np.unique(owners, return_index=True)
last = np.append(first[1:], len(owners)) - 1
pictures, shown, asks = (x[last > first] for x in (pictures, texts[first], texts[last]))
once = np.unique(shown, return_index=True)[1]  # things that share a caption would tie
pictures, shown, asks = pictures[once], shown[once], asks[once]

found = {}
for each in sde.fit_all(*train.paired(), names=["raw", "mean-shift", "whitening"]):
    image, text = each.mapped(test.image[pictures], test.text)
    at = found[each.name] = sde.mixed_ranking(image, text[shown], text[asks])
    gap = float(sde.modality_gap(image, text[shown]))
    print(f"{each.name}: gap {gap:.2f}; NDCG@10 {at.ndcg:.3f}, of things that stand as")
    print(f"    pictures {at.ndcg_image:.3f}, as texts {at.ndcg_text:.3f}")
best = max(found, key=lambda name: found[name].ndcg)
print(f"Best of these: {best}.")

# %%
# Why: what the gap is made of. A map of the means closes the shift and nothing else.

parts = sde.gap_parts(test.image[pictures], test.text[shown])
shift, turned = (x / parts.frechet_squared for x in (parts.centroid, parts.rotation))
print(
    f"{shift:.0%} of the gap is a shift, {turned:.0%} is energy along other directions."
)
parts.plot()

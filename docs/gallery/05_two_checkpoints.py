"""What changed between two checkpoints?
=====================================

The bundled encoder before and after thirty steps of an adapter, on the test part,
which neither saw: whether it is one space, how alike the two are, who kept their
neighbours, and which searches changed.
"""

import sde_core as sde

start = sde.open_embeddings("clipart")
config = sde.FinetuneConfig(steps=30, learning_rate=0.003, device="cpu")
*_, done = sde.finetune(start, config)
is_test = start.metadata["split"] == "test"
before, after = start.select(is_test), done.result.select(is_test)

print("Same space?", sde.parity(before, after).sentence)
for side in sde.Modality:
    one, other = before.vectors(side), after.vectors(side)
    alike, kept = (
        sde.similarity(one, other, m) for m in ("unbiased-cka", "mutual-knn")
    )
    print(f"{side}: CKA {alike:.3f}, {kept:.0%} of the nearest neighbours kept.")

# %%
# Searches one by one: right of 0 the second checkpoint finds more.

ranks = [sde.retrieval_ranks(x.image, x.text, x.links) for x in (before, after)]
sde.compared_row("after", ranks[1], raw=ranks[0]).plot()

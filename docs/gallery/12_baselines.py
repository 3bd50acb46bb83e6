"""Which baseline helps my retrieval?
==================================

Every baseline is fitted on one part, its settings chosen on pairs held out of that
part, and measured on another; the difference to raw vectors has an interval over
queries. A dot within chance is no help, however far right it lies.
"""

import sde_core as sde

train = sde.open_embeddings("clipart/train")
test = sde.open_embeddings("clipart/test")
names = ["raw", "mean-shift", "all-but-the-top", "whitening", "csls", "nnn"]
fitted = sde.fit_all(train.image, train.text, paired=train.paired(), names=names)
draws = sde.Resampling(n_resamples=500)
table = sde.compare_retrieval(
    test.image, test.text, test.links, fitted, resampling=draws
)
for way in sde.Direction:
    key = f"{way}_recall@1"
    helps = [row.name for row in table[1:] if row.differences[key].low > 0]
    raw, told = table[0].metrics[key], ", ".join(helps) or "none"
    print(f"{way.label}: {told} helps R@1 beyond chance; raw finds {raw:.1%}.")

# %%
table.plot()

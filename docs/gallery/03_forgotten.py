"""Did my fine-tune forget?
========================

An adapter is trained on emoji, hard, and asked about clip art that it never saw:
the test part rides along, and nothing is fitted on it. The same searches before and
after are compared query by query; left of 0 the fine-tuned model forgot. With
encoders of your own, encode the old pairs by both and compare these two sets.
"""

import sde_core as sde

new, old = sde.open_embeddings("emoji"), sde.open_embeddings("clipart/test")
source = sde.concatenate([new, old])
config = sde.FinetuneConfig(steps=30, learning_rate=0.01, device="cpu")
*_, done = sde.finetune(source, config)

is_old = [name.startswith("clipart") for name in source.image_ids]
ranks = []
for each in (source, done.result):
    asked = each.select(is_old)
    ranks.append(sde.retrieval_ranks(asked.image, asked.text, asked.links))
row = sde.compared_row("fine-tuned", ranks[1], raw=ranks[0])
for way in sde.Direction:
    lost = row.differences[f"{way}_recall@10"]
    at, low, high = 100 * lost.estimate, 100 * lost.low, 100 * lost.high
    verdict = "forgot" if high < 0 else "learned" if low > 0 else "no change to be seen"
    print(f"{way.label}: {verdict}; R@10 {at:+.1f} points [{low:+.1f}, {high:+.1f}].")

# %%
row.plot()

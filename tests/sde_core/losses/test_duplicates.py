"""Contrastive losses that skip pairs of one meaning: open_clip's without marks, the loops with them."""

import numpy as np
import pytest
import torch
from open_clip.loss import ClipLoss, SigLipLoss

from sde_core.losses import DuplicateAwareLoss

B, D = 7, 5


@pytest.fixture
def features() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    rows = (torch.randn(B, D, generator=generator, dtype=torch.float64) for _ in range(2))
    image, text = (torch.nn.functional.normalize(x, dim=1) for x in rows)
    return image, text


SCALE, BIAS = torch.tensor(6.0, dtype=torch.float64), torch.tensor(-2.0, dtype=torch.float64)


@pytest.mark.parametrize(("form", "theirs"), [("infonce", ClipLoss()), ("siglip", SigLipLoss())])
def test_without_marks_it_is_open_clips_loss(features, form, theirs):
    bias = BIAS if form == "siglip" else None
    expected = theirs(*features, SCALE, logit_bias=bias)
    loss = DuplicateAwareLoss(form)
    torch.testing.assert_close(loss(*features, SCALE, logit_bias=bias), expected, rtol=1e-12, atol=0)
    loss.mark(torch.eye(B, dtype=torch.bool))
    found = loss(*features, SCALE, logit_bias=bias, output_dict=True)
    torch.testing.assert_close(found["contrastive_loss"], expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("form", ["infonce", "siglip"])
def test_marked_scores_are_no_negatives(features, form):
    image, text = (x.numpy() for x in features)
    same = np.eye(B, dtype=bool)
    same[0, 3] = same[3, 0] = same[5, 1] = True  # the last one holds from image 5 to text 1 only
    scores = float(SCALE) * image @ text.T + float(BIAS)
    total = 0.0
    for i in range(B):
        for j in range(B):
            if form == "siglip" and not (same[i, j] and i != j):
                total += np.log1p(np.exp(-scores[i, j] if i == j else scores[i, j]))
        if form == "infonce":
            row = sum(np.exp(scores[i, j]) for j in range(B) if j == i or not same[i, j])
            column = sum(np.exp(scores[j, i]) for j in range(B) if j == i or not same[j, i])
            total += (np.log(row) + np.log(column)) / 2 - scores[i, i]
    loss = DuplicateAwareLoss(form)
    loss.mark(torch.from_numpy(same))
    torch.testing.assert_close(float(loss(*features, SCALE, logit_bias=BIAS)), total / B, rtol=1e-12, atol=0)


def test_a_batch_of_one_meaning_costs_nothing_and_pushes_nowhere(features):
    image, text = (x.requires_grad_() for x in features)
    loss = DuplicateAwareLoss()
    loss.mark(torch.ones(B, B, dtype=torch.bool))
    value = loss(image, text, SCALE)
    slopes = torch.autograd.grad(value, (image, text))
    assert float(value) == 0
    assert all(float(slope.abs().max()) == 0 for slope in slopes)

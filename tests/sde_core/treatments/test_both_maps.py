"""Maps fitted on both modalities without pairs."""

import pytest
import torch

import sde_core as sde
from tests.sde_core.treatments.clouds import EXACT, cloud, normal


def test_realign_gives_texts_the_mean_of_images_and_leaves_images():
    longer = 3 * cloud(60), 0.2 * cloud(50, seed=1)  # lengths do not count
    move = sde.fit_realign(*longer)
    image, text = (x / x.norm(dim=1, keepdim=True) for x in longer)
    torch.testing.assert_close(move(text).mean(0), image.mean(0), **EXACT)
    assert sde.fit_baseline("realign", image, text).image_map is None
    # The formula, line by line.
    factor = (
        (image - image.mean(0)).square().sum(1).mean() / (text - text.mean(0)).square().sum(1).mean()
    ).sqrt()
    first = (text - text.mean(0)) * factor + image.mean(0)
    first = first / first.norm(dim=1, keepdim=True)
    expected = first - first.mean(0) + image.mean(0)
    torch.testing.assert_close(move(longer[1]), expected, **EXACT)


def test_texts_of_one_direction_are_moved_only():
    image, text = cloud(60), torch.ones(5, 6, dtype=torch.float64)
    mean = (image / image.norm(dim=1, keepdim=True)).mean(0)
    torch.testing.assert_close(sde.fit_realign(image, text)(text), mean.expand(5, 6), **EXACT)


def test_shared_noise_is_dropped_and_noise_of_one_modality_alone_is_kept():
    scale = torch.tensor([5.0, 4.0, 3.0, 0.1, 0.1, 3.0])
    image = normal(400, 6) * scale + 1
    text = normal(400, 6, seed=1) * torch.tensor([5.0, 4.0, 0.1, 0.1, 3.0, 3.0])
    for move, rows in zip(sde.fit_shared_noise(image, text, n_noise=2), (image, text), strict=True):
        moved = move(rows)
        spread = moved.std(0)
        assert spread[3] < 0.02  # both have little of it
        torch.testing.assert_close(spread[[2, 4]], rows.std(0)[[2, 4]], rtol=0.1, atol=0.02)
        torch.testing.assert_close(moved.mean(0), rows.mean(0), rtol=0, atol=1e-9)
    nothing = sde.fit_shared_noise(image, text, n_noise=0)
    torch.testing.assert_close(nothing[0](image), image, **EXACT)


def test_directions_without_any_variance_are_noise():
    image, text = normal(50, 6), normal(50, 6, seed=1)
    image[:, 5] = text[:, 5] = 0.0
    moved = [m(normal(9, 6, seed=2)) for m in sde.fit_shared_noise(image, text, n_noise=1)]
    for rows in moved:
        torch.testing.assert_close(rows[:, 5], torch.zeros(9, dtype=rows.dtype), rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sde.fit_shared_noise(cloud(), cloud(), n_noise=6), r"\[0, 6\)"),
        (lambda: sde.fit_realign(cloud(), torch.zeros(5, 6)), "text must have no row of zeros"),
        (lambda: sde.fit_realign(cloud(), cloud(n=5)), "same width"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(sde.SDEError, match=sentence):
        call()

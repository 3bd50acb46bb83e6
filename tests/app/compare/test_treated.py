"""A set after a treatment without its rows: its spectra and rows are those that the library makes of all rows."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_explorer.compare.cached import both as cached_compare
from sde_explorer.compare.numbers.rows import ENHANCED, KINDS, PRUNED
from sde_explorer.compare.numbers.treated import Treated, gained, taken
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.state import State
from tests.app.conftest import spiked


def double(embeddings: sde.EmbeddingSet) -> sde.EmbeddingSet:
    return replace(embeddings, image=embeddings.image.astype(float), text=embeddings.text.astype(float))


@pytest.mark.parametrize("center", ["mean", None])
@pytest.mark.parametrize("shape", [(300, 48), (30, 48)])
def test_the_spectrum_after_gains_is_that_of_the_rows_after_them(shape, center):
    rows = double(spiked(*shape)).image
    before = sde.compute_spectrum(rows, center=center)
    gains = torch.from_numpy(np.random.default_rng(1).uniform(0, 3, before.rank))
    gains[::5] = 0  # pruned: the direction is gone
    after = sde.compute_spectrum(sde.AffineMap.fit(before, gains)(rows), center=center)
    found = gained(before, gains)
    assert found.rank == int((gains > 0).sum())
    torch.testing.assert_close(found.singular_values, after.singular_values[: found.rank])
    size = np.finfo(float).eps * max(shape) * float(before.singular_values[0])
    assert float(after.singular_values[found.rank :].sum()) < 100 * size  # rounding of the pruned ones
    turned = (found.basis.T @ after.basis[:, : found.rank]).abs()
    torch.testing.assert_close(turned, torch.eye(found.rank, dtype=torch.float64), atol=1e-6, rtol=0)
    if center is not None:
        torch.testing.assert_close(found.mean, after.mean)


def test_gains_of_nothing_leave_an_empty_spectrum():
    flat = sde.compute_spectrum(np.ones((20, 3)))
    assert gained(flat, torch.ones(0)).rank == 0


@pytest.mark.parametrize("kind", [ENHANCED, PRUNED])
def test_rows_that_are_asked_for_are_those_of_the_whole_treated_set(kind):
    made = spiked(60)
    found = cached_compare.common(Dataset(made, ()), State(other=kind, transform=KINDS[kind])).b
    assert isinstance(found, Treated)
    rows = np.array([3, 0, 41])
    for modality in ("image", "text"):
        whole = getattr(found.whole, modality)
        np.testing.assert_allclose(taken(found, modality, rows), whole[rows], rtol=1e-5, atol=1e-5)
        assert not np.allclose(whole[rows], getattr(made, modality)[rows])  # noqa: TID251  (something moved)
    np.testing.assert_allclose(found.select(rows).image, found.whole.image[rows], rtol=1e-5, atol=1e-5)
    assert found.provenance == found.whole.provenance
    assert (found.width, found.n_images, found.n_texts) == (48, 60, 60)


def test_what_is_done_to_a_set_is_in_its_digest_and_nothing_done_is_the_set():
    made = spiked(60)
    spectra = {m: sde.compute_spectrum(getattr(made, m)) for m in ("image", "text")}
    facts = {"kind": "enhanced", "label": "enhanced"}

    def digest(first: float) -> str:
        gains = {m: torch.ones(spectra[m].rank) for m in spectra}
        gains["text"][0] = first
        return Treated.by_gains(made, spectra, gains, facts).fingerprint

    assert digest(1.0) == made.fingerprint
    assert len({digest(1.0), digest(1.5), digest(2.0)}) == 3
    assert digest(1.5) == digest(1.5)


def test_only_rules_that_look_at_rows_have_all_of_them_made():
    data = Dataset(spiked(60), ())
    for rule, makes in (("mp-iqr", False), ("energy", False), ("cross-modal", True)):
        state = State(other=ENHANCED, rule=rule)
        found = cached_compare.common(data, state)
        a, b = cached_compare.bands_of(found, state, "image")
        assert ("whole" in vars(found.b)) is makes
        assert b.values[0] > 0
        assert len(b.values) == len(a.values)

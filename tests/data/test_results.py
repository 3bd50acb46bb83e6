"""The results that come along are what is computed, and nobody waits for what they hold."""

import dataclasses
import math
from collections import OrderedDict

import numpy as np
import pytest
import torch

from data.results_recipe import datas
from sde_explorer import ahead
from sde_explorer.jobs import JobQueue
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.serving import policy
from sde_explorer.state import DEFAULT

LONG = ("headline/", "chance/", "recall/", "knowledge/names/")
NOT_KEPT = (
    "search.cached.index_before",
    "search.cached.encoder_job",
    "subspaces.cached.directions.table_of",
    "subspaces.cached.directions.reading_figures",
    "readings.cached.knowledge.knowledge",
)


@pytest.fixture(autouse=True)
def new_server(tmp_path, monkeypatch):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path))
    monkeypatch.setattr(background._figures, "_jobs", OrderedDict())


def _asked(data):
    """Return the long jobs of a set by their keys; what is not kept is left out."""
    with pytest.MonkeyPatch.context() as patch:
        for name in NOT_KEPT:
            patch.setattr(f"sde_explorer.{name}", lambda *_, **__: None)
        asks = [*ahead.first_pieces(data), *ahead.slow_pieces(data)]
        found = [job for ask in asks for job in ask() if job is not None]
    known = {job.key: job for job in (*found, *background._figures.all())}
    return {key: job for key, job in known.items() if key.startswith(LONG) and data.fingerprint in key}


def test_a_public_demo_has_what_takes_long_of_every_set_and_split(monkeypatch, tmp_path):
    demo = policy.Policy(one_user=False, read_only=True, roots=(), hub=False)
    monkeypatch.setattr(policy, "_CURRENT", [demo])

    def submitted(_, job):
        assert not job.key.startswith(LONG), f"{job.title} must come along: python -m data.results_recipe"
        return job

    monkeypatch.setattr(JobQueue, "submit", submitted)
    found = [_asked(data) for data in datas()]
    assert len(found) == 8
    for jobs in found:
        assert {job.status for job in jobs.values()} == {"done"}
        assert len(jobs) == 8
    assert not (tmp_path / "results").exists()


def test_they_are_equal_to_a_fresh_computation(monkeypatch, tmp_path):
    data = cached_sets.dataset(
        cached_sets.entry_of(dataclasses.replace(DEFAULT, data="clipart")), ("split=val",)
    )
    kept = _asked(data)
    monkeypatch.setattr("sde_core.files.bundled.results_folder", lambda: tmp_path / "none came along")
    monkeypatch.setattr(background._figures, "_jobs", OrderedDict())
    fresh = _asked(data)
    assert kept.keys() == fresh.keys()
    for key, job in fresh.items():
        assert job is not kept[key]
        _same(kept[key].result, background.result_of(job), key)


def _same(kept, fresh, place):
    """Compare two results of any kind: on another processor a sum may end in another last bit."""
    assert type(kept) is type(fresh), place
    if dataclasses.is_dataclass(kept):
        for field in dataclasses.fields(kept):
            _same(getattr(kept, field.name), getattr(fresh, field.name), f"{place}, {field.name}")
    elif isinstance(kept, dict):
        assert list(kept) == list(fresh), place
        _same(list(kept.values()), list(fresh.values()), place)
    elif isinstance(kept, tuple) and kept and all(isinstance(word, str) for word in kept):
        assert len(kept) == len(fresh), place
        assert np.mean(np.array(kept) == np.array(fresh)) > 0.97, place  # a share may round the other way
    elif isinstance(kept, list | tuple):
        assert len(kept) == len(fresh), place
        for number, (one, other) in enumerate(zip(kept, fresh, strict=True)):
            _same(one, other, f"{place}, {number}")
    elif isinstance(kept, torch.Tensor | np.ndarray):
        # Single queries whose two best scores are nearly equal may change places there.
        near = np.isclose(np.asarray(kept), np.asarray(fresh), rtol=1e-6, atol=1e-9, equal_nan=True)
        assert near.all() or near.mean() > 0.99, place
    elif isinstance(kept, float):
        assert math.isclose(kept, fresh, rel_tol=1e-2, abs_tol=2e-3) or kept is fresh, place
    elif callable(kept):
        _same(kept(), fresh(), place)
    else:
        assert kept == fresh, place

"""What visitors share of the retrieval table."""

from dataclasses import replace

import pytest

from sde_explorer.readings.cached.background import result_of
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.retrieval import cached
from sde_explorer.retrieval.numbers import table
from sde_explorer.state import State
from tests.app.retrieval.conftest import several


@pytest.fixture
def calls(monkeypatch):
    """Names of the rows of each measurement, and how often the raw row was drawn."""
    measured, drawn = [], []
    rows, draw = cached.recall_rows, table.drawn_metrics

    def counted(part, treatments, report, **known):
        measured.append(tuple(t.name for t in treatments))
        return rows(part, treatments, report, **known)

    monkeypatch.setattr(cached, "recall_rows", counted)
    monkeypatch.setattr(table, "drawn_metrics", lambda *a, **k: drawn.append(a) or draw(*a, **k))
    return measured, drawn


def test_equal_asks_are_measured_once_and_raw_is_drawn_once_for_all_thresholds(calls):
    measured, drawn = calls
    data = Dataset(several(seed=3), ())
    for noise in (0.9, 1.0, 1.1, 1.0, 0.9):
        for job in cached.recall_jobs(data, replace(State(), noise=noise), baselines=False):
            result_of(job)
    assert measured == [(table.RAW,), *[table.TREATED] * 3]
    assert len(drawn) == 1

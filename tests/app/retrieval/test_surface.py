"""The thresholds of Retrieval: each cell its own fit, the best one measured on other pairs."""

import math
from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from sde_core.partition import NOISE
from sde_explorer.retrieval import words
from sde_explorer.retrieval.figures.surface import surface_figure
from sde_explorer.retrieval.figures.table import SAME
from sde_explorer.retrieval.numbers import surface as recall_surface
from sde_explorer.retrieval.numbers.table import THIRDS, parts_of, treatment_config
from sde_explorer.retrieval.surface import cell_clicked
from sde_explorer.state import State
from tests.app.conftest import spiked

FACTORS = (0.25, 1.0, 4.0)


@pytest.mark.parametrize("transform", ["enhanced", "pruned"])
def test_each_cell_is_its_own_fit_and_the_best_is_reported_on_others(transform):
    whole, config = spiked(240), treatment_config(State(transform=transform))
    seen = []
    found = recall_surface.surface(
        whole, config, "primary", lambda share, note, partial: seen.append((share, partial)), factors=FACTORS
    )
    fit, val, test = parts_of(whole, "primary", THIRDS)
    assert (found.n_fit, found.n_val, found.n_test) == tuple(len(p.images) for p in (fit, val, test))
    assert [(c.noise, c.strong) for c in found.cells] == [(n, s) for n in FACTORS for s in FACTORS]

    def alone(cell, part):
        mine = replace(config, noise_factor=cell.noise, strong_factor=cell.strong)
        made = fit.embeddings
        image, text = (sde.fit_treatment(x, mine) for x in (made.image, made.text))
        kept = part.embeddings
        metrics = sde.retrieval_metrics(
            image.transform(kept.image), text.transform(kept.text), kept.links, ks=(1,)
        )
        return metrics, (image, text)

    for cell in found.cells:
        metrics, (image, text) = alone(cell, val)
        assert cell.image_recall == metrics["image_retrieval_recall@1"]
        assert cell.text_recall == metrics["text_retrieval_recall@1"]
        assert cell.counts[1] == int((image.partition.labels == NOISE).sum())
        assert cell.counts[3] == text.partition.n_strong
    assert found.best.recall == max(c.recall for c in found.cells)
    raw, own, best = found.test
    assert [row.name for row in found.test] == ["raw", "rule", "best"]
    assert (
        best.compared.metrics["text_retrieval_recall@1"]
        == alone(found.best, test)[0]["text_retrieval_recall@1"]
    )
    assert best.compared.differences
    assert raw.compared.differences == {}
    assert own.compared.metrics != best.compared.metrics or found.best.noise == found.best.strong == 1.0
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert [len(p.cells) for _, p in seen if p is not None] == list(range(1, 10))


def test_of_many_pictures_a_seeded_sample_chooses(monkeypatch):
    monkeypatch.setattr(recall_surface, "MOST_PICTURES", 30)
    found = recall_surface.surface(
        spiked(240), sde.TreatmentConfig(), "primary", lambda *_: None, factors=(1.0,)
    )
    assert (found.n_val, found.n_val_all) == (30, 60)
    assert "30 pictures drawn of 60" in words.best_story(found, "enhanced")


def test_thresholds_that_leave_nothing_are_no_cell_to_choose():
    config = treatment_config(State(transform="pruned", center="kept"))
    found = recall_surface.surface(spiked(240), config, "primary", lambda *_: None, factors=(1.0, 200.0))
    gone = [c for c in found.cells if c.noise == 200.0]
    assert all(c.is_all_noise for c in gone)
    assert all(math.isnan(c.recall) and math.isnan(c.gap) for c in gone)
    assert found.best.noise == 1.0
    assert "NaN" not in surface_figure(found, (1.0, 200.0), (1.0, 1.0)).to_json()


def test_a_rule_without_thresholds_and_a_small_set_have_no_surface():
    config = sde.TreatmentConfig(rule="cross-modal")
    with pytest.raises(sde.ConfigError, match="no thresholds to move"):
        recall_surface.surface(spiked(240), config, "primary", lambda *_: None)
    with pytest.raises(sde.DataError, match="3 parts that share none; got 20"):
        recall_surface.surface(spiked(20), sde.TreatmentConfig(), "primary", lambda *_: None)


def test_the_surface_grows_and_marks_rule_page_and_best():
    whole = spiked(240)
    found = recall_surface.surface(whole, sde.TreatmentConfig(), "primary", lambda *_: None, factors=FACTORS)
    figure = surface_figure(found, FACTORS, (2.0, 0.5))
    heat, targets = figure.data[0], figure.data[1]
    z = np.array(heat.z, float)
    best = found.best
    assert z[FACTORS.index(best.strong), FACTORS.index(best.noise)] == pytest.approx(np.nanmax(z))
    assert z.max() == pytest.approx(100 * (best.recall - found.raw.recall), abs=1e-4)
    assert cell_clicked([{"customdata": dict(enumerate(targets.customdata[-1]))}]) == (4.0, 4.0)
    assert cell_clicked([{"customdata": [0.3, 0.3]}]) is None
    assert cell_clicked([]) is None
    marks = {t.name: (t.x[0], t.y[0]) for t in figure.data if t.name}
    assert marks["rule"] == (1, 1)
    assert marks["this page"] == (1.5, 0.5)  # between cells, by octaves
    assert marks["best on validation"] == (FACTORS.index(best.noise), FACTORS.index(best.strong))
    half = surface_figure(replace(found, cells=found.cells[:4], test=()), FACTORS, (1.0, 1.0))
    assert np.isnan(np.array(half.data[0].z, float)).sum() == 5
    none = surface_figure(replace(found, cells=(), test=()), FACTORS, (1.0, 1.0))
    assert "best on validation" not in {t.name for t in none.data}


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (["better", SAME], "help on test as well, beyond chance: text → image"),
        (["worse", SAME], "worse than raw on test"),
        (["better", "worse"], "no plain gain"),
        ([SAME, SAME], "is not better than raw on test"),
    ],
)
def test_what_the_best_thresholds_are_worth_is_said_honestly(verdicts, said):
    assert said in words._honest(verdicts, "enhanced")

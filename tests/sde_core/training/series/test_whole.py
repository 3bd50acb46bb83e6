"""A series as one object: what was made is what is read again, and what is none is a sentence."""

import json

import numpy as np
import pytest

import sde_core as sde
from sde_core.training.series import measure_series, save_series


def _made(folder):
    numbers = np.random.default_rng(0)
    z = numbers.normal(size=(300, 40)) * np.linspace(3, 1, 40)
    captions = [f"caption {i}" for i in range(300)]
    turn = np.linalg.qr(numbers.normal(size=(40, 40)))[0]
    ways = [np.eye(40), turn, np.zeros((40, 40)) + np.eye(40)[:, :1]]
    sets = [
        sde.EmbeddingSet.from_arrays(
            (z @ way).astype(np.float32), (z + 0.1).astype(np.float32), captions=captions
        )
        for way in ways
    ]
    points = measure_series(sets, [10, 20, 30])
    save_series(points, folder)
    return points


def test_what_was_written_is_read_again(tmp_path):
    points = _made(tmp_path / "series")
    series = sde.read_series(tmp_path / "series")
    assert [look.step for look in series.looks] == [10, 20, 30]
    for kept, point in zip(series.points, points, strict=True):
        assert kept.recall == pytest.approx(dict(point.recall))
        assert kept.cka == pytest.approx(dict(point.cka), nan_ok=True)
        assert kept.angles == point.angles
        for name, shares in point.in_first_bands.items():
            assert kept.in_first_bands[name] == pytest.approx(dict(shares), nan_ok=True)
        assert kept.turned("image") == pytest.approx(point.turned("image"), nan_ok=True)
    assert any("image" in str(event) for event in series.events())
    assert series.points[1].turned("image") > 10 > series.points[0].turned("image")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"points": [{}]}', '{"points": [{"step": 11}]}', "[" * 10_000]
)
def test_what_is_no_series_is_a_sentence(content, tmp_path):
    with pytest.raises(sde.DataError, match="must be a series that sde series wrote"):
        sde.read_series(tmp_path / "nowhere")
    _made(tmp_path / "series")
    (tmp_path / "series" / "series.json").write_text(content)
    with pytest.raises(sde.DataError, match="cannot be read, make it again"):
        sde.read_series(tmp_path / "series")


def test_one_checkpoint_is_no_series(tmp_path):
    _made(tmp_path / "series")
    path = tmp_path / "series" / "series.json"
    path.write_text(json.dumps({"points": json.loads(path.read_text())["points"][:1]}))
    with pytest.raises(sde.DataError, match="two checkpoints or more; it has 1"):
        sde.read_series(tmp_path / "series")

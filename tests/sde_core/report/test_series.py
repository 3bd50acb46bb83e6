"""The row of checkpoints of a report: the numbers of the series, drawn, in a page that makes itself again."""

import numpy as np
import pytest

import sde_core as sde
from sde_core.report import ReportSpec, SetSpec, make_report, read_spec
from sde_core.report.series import bands_figure, series_facts, spectra_figure
from sde_core.training.series import measure_series, save_series


@pytest.fixture
def folder(tmp_path):
    """Three checkpoints whose directions turn; the last one's pictures are one vector."""
    numbers = np.random.default_rng(0)
    z = numbers.normal(size=(200, 8)) * np.linspace(3, 1, 8)
    captions = [f"caption {i}" for i in range(200)]
    ways = np.eye(8), np.linalg.qr(numbers.normal(size=(8, 8)))[0], 0 * np.eye(8)
    sets = [
        sde.EmbeddingSet.from_arrays(
            (z @ way + float(not way.any())).astype(np.float32), z.astype(np.float32), captions=captions
        )
        for way in ways
    ]
    return save_series(measure_series(sets, [1, 2, 3]), tmp_path / "row <b>")


def test_a_report_holds_the_row_and_makes_it_again(folder, opened, tmp_path):
    spec = ReportSpec(
        sets=(SetSpec(embeddings="other"),), treatments=("raw",), n_resamples=20, series=str(folder)
    )
    report = make_report(spec, opened=opened)
    rows = report.content["series"]["points"]
    series = sde.read_series(folder)
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert [row["cka"]["text"] for row in rows] == pytest.approx([1, 1, 1])
    assert rows[1]["turned"]["image"] == pytest.approx(series.points[1].turned("image"))
    assert rows[2]["turned"]["image"] is None
    page = report.html()
    assert "row &lt;b&gt;: 3 checkpoints from 1 to 3, each at the same 200 pairs" in page
    assert "row <b>" not in page.split('id="sde-spec"')[0]
    assert page.count("Energy in the first one&#39;s bands") == 2
    again = read_spec(report.save(tmp_path / "page.html"))
    assert again.series == str(folder)
    assert make_report(again, opened=opened).html() == page
    plain = make_report(ReportSpec(sets=spec.sets, treatments=("raw",), n_resamples=20), opened=opened)
    assert "A row of checkpoints" not in plain.html()


def test_lines_go_through_every_checkpoint_that_has_a_value(folder):
    facts = series_facts(sde.read_series(folder))
    assert spectra_figure("image", facts).count("<polyline") == 2  # the last one has no direction
    assert spectra_figure("text", facts).count("<polyline") == 3
    assert bands_figure("text", facts).count("<circle") == 9


def test_a_folder_that_is_no_series_is_refused_before_any_work(tmp_path):
    spec = ReportSpec(sets=(SetSpec(embeddings="nowhere"),), series=str(tmp_path))
    with pytest.raises(sde.DataError, match="must be a series that sde series wrote"):
        make_report(spec)

"""MLflow without a server: what its own client finds in a store on this machine."""

import pytest

from sde_core.training.monitoring.sinks import MLflowSink
from tests.clients.programs import program
from tests.clients.watched import watch_with

program("mlflow")


def test_metrics_waterfalls_and_alarms_are_in_the_store(tmp_path, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    store = (tmp_path / "store").as_uri()
    sink = MLflowSink(tracking_uri=store)
    looks = watch_with(sink, tmp_path / "run")
    client = MlflowClient(store)
    history = client.get_metric_history(sink.run_id, "sde/image/effective_rank")
    assert [(m.step, m.value) for m in history] == [
        (look.step, pytest.approx(look.image.effective_rank)) for look in looks
    ]
    run = client.get_run(sink.run_id)
    assert run.info.status == "FINISHED"
    assert "hold NaN or infinity" in run.data.tags["sde/alarms"]
    assert [file.path for file in client.list_artifacts(sink.run_id, "sde/image")] == [
        "sde/image/waterfall.png"
    ]

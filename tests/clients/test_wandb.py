"""W&B without a network: what its own reader finds in the file of an offline run."""

import json

import pytest

from sde_core.training.monitoring.sinks import WandbSink
from tests.clients.programs import program
from tests.clients.watched import watch_with

program("wandb")


def test_looks_have_steps_of_their_own_in_an_offline_run(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_SILENT", "true")
    looks = watch_with(WandbSink(), tmp_path / "run")
    rows = _rows(next(tmp_path.glob("wandb/offline-run-*/*.wandb")))
    assert [row["sde/step"] for row in rows] == [1, 2, 3]
    ranks = [row["sde/image/effective_rank"] for row in rows]
    assert ranks == pytest.approx([look.image.effective_rank for look in looks])
    assert all(row["sde/image/waterfall._type"] == "image-file" for row in rows)
    assert "sde/alarms" not in rows[0]
    assert "hold NaN or infinity" in rows[2]["sde/alarms"]


def _rows(file):
    from wandb.proto import wandb_internal_pb2

    rows = []
    for content in _records(file.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(content)
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            rows.append(
                {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}
            )
    return rows


def _records(content, block=32_768, head=7):
    """Yield the records of a LevelDB log, as W&B keeps a run: checksum (4 bytes), length (2), kind (1), content."""
    at, whole = head, b""
    while at + head <= len(content):
        if block - at % block < head:  # no room for a record's head: the block ends in zeros
            at += block - at % block
            continue
        size, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        whole += content[at + head : at + head + size]
        at += head + size
        if kind in (1, 4):  # whole, or the last part of one
            yield whole
            whole = b""

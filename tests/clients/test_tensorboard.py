"""TensorBoard: what its own reader finds in the event file."""

import pytest

from sde_core.training.monitoring.sinks import TensorBoardSink
from tests.clients.programs import program
from tests.clients.watched import watch_with

program("tensorboard")


def test_numbers_waterfalls_and_alarms_stand_at_their_steps(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path / "events")) as writer:  # the trainer's own, which stays open
        looks = watch_with(TensorBoardSink(writer), tmp_path / "run")
        writer.add_scalar("loss", 0.5, 3)
    found = EventAccumulator(str(tmp_path / "events"))
    found.Reload()
    for name in ("image/effective_rank", "gap/centroid", "logit_scale", "trainer/loss"):
        events = found.Scalars(f"sde/{name}")
        assert [event.step for event in events] == [1, 2, 3]
        numbers = [look.numbers()[name] for look in looks]
        assert [event.value for event in events] == pytest.approx(numbers, rel=1e-5)
    assert [event.step for event in found.Images("sde/image/waterfall")] == [1, 2, 3]
    assert found.Tensors("sde/alarms/text_summary")[0].step == 3
    assert len(found.Scalars("loss")) == 1

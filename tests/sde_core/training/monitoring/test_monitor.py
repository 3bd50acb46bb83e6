"""The monitor in a loop: which steps it looks at, what it rests on, and that it never stops a training."""

import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.training.monitoring.measurement import measured_look
from tests.sde_core.losses.forked import run_ranks
from tests.sde_core.training.monitoring import watched_ranks


def _batch(step, rows=32, width=8):
    generator = torch.Generator().manual_seed(step)
    return torch.randn(rows, width, generator=generator), torch.randn(rows, width, generator=generator)


def test_a_look_rests_on_the_last_rows_before_it(tmp_path):
    with sde.SpectralMonitor(tmp_path, every=10, rows=80) as monitor:
        for step in range(1, 21):
            image, text = _batch(step)
            monitor(step, image=image, text=text, logit_scale=torch.tensor(5.0), loss=1.5)
            image.fill_(0)  # the trainer's own tensors may change at once
            monitor.wait()
    looks = sde.read_looks(tmp_path)
    assert [look.step for look in looks] == [10, 20]
    image, text = (torch.cat(side) for side in zip(*(_batch(step) for step in (18, 19, 20)), strict=True))
    whole = measured_look(20, image, text)
    np.testing.assert_allclose(looks[1].image.values, whole.image.values, rtol=1e-6)
    assert (looks[1].n_rows, looks[1].logit_scale, looks[1].scalars) == (96, 5.0, {"loss": 1.5})


def test_accumulated_parts_of_a_step_and_steps_that_are_left_out(tmp_path):
    with sde.SpectralMonitor(tmp_path, every=5, rows=64) as monitor:
        for step in (1, 2, 3, 4, 5, 7, 9, 11, 13, 15):
            for part in (0, 1):
                image, text = _batch(2 * step + part)
                monitor(step, image=image, text=text)
                monitor.wait()
    assert [look.step for look in sde.read_looks(tmp_path)] == [5, 15]


def test_a_probe_is_looked_at_when_it_is_given(tmp_path):
    image, text = _batch(0, rows=50)
    with sde.SpectralMonitor(tmp_path, every=1000) as monitor:
        monitor.look(7, image=image, text=text)
        monitor.wait()
        monitor.look(13, image=image, text=text)
    first, second = sde.read_looks(tmp_path)
    np.testing.assert_array_equal(first.image.values, second.image.values)
    assert (first.n_rows, second.step) == (50, 13)


def test_features_keep_their_gradient_and_get_none_from_here(tmp_path):
    image, text = (rows.requires_grad_() for rows in _batch(1))
    with sde.SpectralMonitor(tmp_path, every=1, rows=8) as monitor:
        monitor(1, image=image * 1.0, text=text * 1.0)
    (image.sum() + text.sum()).backward()
    torch.testing.assert_close(image.grad, torch.ones_like(image))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_precision_is_taken(dtype, tmp_path):
    image, text = _batch(1)
    with sde.SpectralMonitor(tmp_path, every=1, rows=32) as monitor:
        monitor(1, image=image.to(dtype), text=text.to(dtype))
    (look,) = sde.read_looks(tmp_path)
    assert look.image.effective_rank == pytest.approx(
        measured_look(1, image, text).image.effective_rank, rel=2e-2
    )


def test_another_width_in_mid_run_is_a_remark_wherever_it_began(tmp_path):
    """Within the rows of a look, between two looks, or in another process."""
    for steps in (range(1, 8), range(8, 12)):
        with sde.SpectralMonitor(tmp_path, every=2, rows=64, in_background=False) as monitor:
            for step in steps:
                image, text = _batch(step, width=8 if step < 4 else 6 if step < 8 else 5)
                monitor(step, image=image, text=text)
    looks = sde.read_looks(tmp_path)
    assert [len(look.image.mean) for look in looks] == [8, 6, 6, 5, 5]
    assert [look.remarks for look in looks] == [
        (),
        ("the image width changed from 8 to 6", "the text width changed from 8 to 6"),
        (),
        ("the image width changed from 6 to 5", "the text width changed from 6 to 5"),
        (),
    ]


def test_a_logarithm_in_place_of_the_scale_is_said_once_and_with_each_look(tmp_path):
    image, text = _batch(1)
    log = torch.nn.Parameter(torch.tensor(2.659))
    with sde.SpectralMonitor(tmp_path, every=1, rows=32, in_background=False) as monitor:
        with pytest.warns(UserWarning, match="logit scale is 2.67: if that is the logarithm") as said:
            [monitor(step, image=image, text=text, logit_scale=log + step / 100) for step in (1, 2)]
        assert len(said) == 1
        monitor(3, image=image, text=text, logit_scale=log.exp())
    assert ["hand logit_scale.exp()" in "".join(look.remarks) for look in sde.read_looks(tmp_path)] == [
        True, True, False
    ]  # fmt: skip


def test_a_step_that_goes_back_is_a_remark(tmp_path):
    with sde.SpectralMonitor(tmp_path, every=2, rows=8) as monitor:
        for step in (3, 4, 1, 2):
            image, text = _batch(step)
            monitor(step, image=image, text=text)
            monitor.wait()
    assert [look.step for look in sde.read_looks(tmp_path)] == [2, 4]
    assert sde.read_looks(tmp_path)[0].remarks == ("the step went back from 4 to 1",)


def test_what_cannot_be_looked_at_is_said_once_and_never_raised(tmp_path):
    with sde.SpectralMonitor(tmp_path, every=1, rows=8) as monitor:
        with pytest.warns(UserWarning, match="was left out.*the training goes on") as said:
            [monitor(step, image="no rows", text=None) for step in (1, 2)]
        assert len(said) == 1
        image, text = _batch(3)
        monitor(3, image=image, text=text)
    assert [look.step for look in sde.read_looks(tmp_path)] == [3]


def test_a_sink_that_fails_does_not_take_the_file_with_it(tmp_path):
    def sink(look, alarms):
        raise ConnectionError("no host")

    image, text = _batch(1)
    monitor = sde.SpectralMonitor(tmp_path, every=1, rows=8, sinks=(sink,))
    monitor(1, image=image, text=text)
    with pytest.warns(UserWarning, match="no host"):
        monitor.close()
    assert len(sde.read_looks(tmp_path)) == 1


def test_a_call_never_waits_for_a_look_that_is_under_way(tmp_path):
    """The disk, or whoever takes looks, may be slow: looks that come meanwhile are left out and counted."""
    slow, taken = threading.Event(), []

    def sink(look, alarms):
        assert slow.wait(120)
        taken.append(look.step)

    image, text = _batch(1)
    monitor = sde.SpectralMonitor(tmp_path, every=1, rows=8, sinks=(sink,))
    for step in (1, 2, 3):
        monitor(step, image=image, text=text)
    assert (taken, monitor.skipped) == ([], 2)
    slow.set()
    monitor.wait()
    monitor(4, image=image, text=text)
    monitor.close()
    assert [look.step for look in sde.read_looks(tmp_path)] == taken == [1, 4]


def test_a_training_keeps_its_threads_and_its_numbers_while_a_look_is_taken_on_one(tmp_path):
    taken, done, inside = threading.Event(), threading.Event(), []

    def sink(look, alarms):
        inside.append(torch.get_num_threads())
        taken.set()
        assert done.wait(120)

    def step():
        numbers = torch.get_num_threads()
        weight = torch.randn(192, 192, generator=torch.Generator().manual_seed(0)).requires_grad_()
        (weight @ weight).logsumexp(dim=1).sum().backward()
        return numbers, weight.grad

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        n_threads, gradient = step()
        with sde.SpectralMonitor(tmp_path, every=1, rows=32, sinks=(sink,)) as monitor:
            image, text = _batch(1)
            monitor(1, image=image, text=text)
            assert taken.wait(120)
            during, later = step(), []
            thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
            thread.start()
            thread.join()
            done.set()
    finally:
        torch.set_num_threads(before)
    assert (n_threads, during[0], later, inside) == (2, 2, [2], [1])
    torch.testing.assert_close(during[1], gradient, rtol=0, atol=0)


def test_a_second_writer_is_told_of_once_and_loses_nothing(tmp_path):
    with sde.SpectralMonitor(tmp_path, every=1, rows=8, in_background=False) as first:
        image, text = _batch(1)
        first(1, image=image, text=text)
        second = sde.SpectralMonitor(tmp_path, every=1, rows=8)
        with warnings.catch_warnings(record=True, action="always") as said:
            for step in (2, 3):
                second(step, image=image, text=text)
                second.wait()
            second.close()
        assert "another process is writing" in str(said[0].message)
        assert len(said) == 1
        first(4, image=image, text=text)
    assert [look.step for look in sde.read_looks(tmp_path)] == [1, 2, 3, 4]


def test_settings_are_checked_before_the_training(tmp_path):
    with pytest.raises(sde.ConfigError, match="every must be at least 1"):
        sde.SpectralMonitor(tmp_path, every=0)
    with pytest.raises(sde.ConfigError, match="rule must be one of"):
        sde.SpectralMonitor(tmp_path, rule="no-such")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_goes_on_knows_what_it_looked_like_before(tmp_path):
    """A rank that is gone after a restart is measured against the looks of the process before."""
    for start, width in ((1, 8), (9, 2)):
        with sde.SpectralMonitor(tmp_path, every=1, rows=64) as monitor:
            for step in range(start, start + 8):
                image, _ = _batch(step, rows=64)
                image[:, width:] *= 1e-3
                monitor(step, image=image, text=image.clone())
                monitor.wait()
    looks = sde.read_looks(tmp_path)
    assert [look.step for look in looks] == list(range(1, 17))
    assert {alarm.kind for alarm in sde.find_alarms(looks)} >= {"collapsing"}
    assert any(sentence.startswith("step 9: image effective rank fell") for sentence in looks[10].alarms)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """Where two ranks looked together, and the first alone."""
    folder = tmp_path_factory.mktemp("ranks")
    run_ranks(Path(watched_ranks.__file__), folder)
    return folder


@pytest.mark.parametrize(
    ("name", "count"), [("together", watched_ranks.ROWS), ("alone", watched_ranks.OF_THE_FIRST)]
)
def test_ranks_look_together_or_the_first_alone(ranks, name, count):
    (look,) = sde.read_looks(ranks / name)
    rows = watched_ranks.drawn()[:count]
    np.testing.assert_allclose(look.image.values, measured_look(1, rows, rows).image.values, rtol=1e-5)
    assert len(list((ranks / name).glob("looks-*.arrow"))) == 1


def test_no_warning_in_a_training_that_is_well(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with sde.SpectralMonitor(tmp_path, every=1, rows=8) as monitor:
            for step in (1, 2):
                image, text = (rows.requires_grad_() for rows in _batch(step))
                monitor(step, image=image, text=text, logit_scale=torch.tensor(20.0, requires_grad=True))
                monitor.wait()

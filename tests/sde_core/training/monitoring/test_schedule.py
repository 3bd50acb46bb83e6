"""Which steps are looked at, whatever the trainer does with its count."""

import pytest

from sde_core.training.monitoring.schedule import Schedule


def _looked_at(steps, every):
    schedule, found = Schedule(every), []
    for step in steps:
        schedule.hear(step)
        if schedule.steps_left == 0:
            schedule.take()
            found.append(step)
    return found


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (range(12), [0, 5, 10]),
        (range(1, 12), [5, 10]),
        (range(7, 16), [10, 15]),
        ((4, 6, 8, 10, 16, 19, 21, 25), [10, 25]),  # what is passed by is not made up for
        ((5, 5, 5, 10), [5, 10]),  # parts of one step
        ((8, 9, 10, 3, 4, 5), [10, 5]),
    ],
)
def test_multiples_are_looked_at(steps, found):
    assert _looked_at(steps, 5) == found


def test_a_step_that_goes_back_is_said():
    schedule = Schedule(5)
    assert [schedule.hear(step) for step in (1, 2, 2)] == [None] * 3
    assert schedule.hear(1) == "the step went back from 2 to 1"
    assert schedule.steps_left == 4

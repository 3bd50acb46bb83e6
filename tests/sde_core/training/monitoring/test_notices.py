"""What fails is a warning of its own kind, once, and goes no further."""

import pytest

from sde_core.training.monitoring.notices import Notices


def _fail(notices, error):
    with notices.instead("the look was left out"):
        raise error


def test_what_fails_inside_is_reported_once_for_each_kind_of_error():
    notices = Notices()
    with pytest.warns(UserWarning, match="the look was left out") as heard:
        [_fail(notices, error) for error in (OSError("no room"), OSError("still none"), ValueError())]
    assert [str(each.message) for each in heard] == [
        "the look was left out: no room; the training goes on",
        "the look was left out: ValueError; the training goes on",
    ]


def test_an_interrupt_is_not_kept_from_the_training():
    with pytest.raises(KeyboardInterrupt):
        _fail(Notices(), KeyboardInterrupt())

"""Boxes in a picture's place: every view has its shape, and they say nothing to who hears the page."""

import pytest

from benchmarks.panel import NAMES
from sde_explorer.ui.skeleton import _SHAPES


def test_every_view_has_a_shape():
    assert set(_SHAPES) == set(NAMES)


@pytest.mark.parametrize(("view", "boxes"), [("spectrum", 2), ("data", 12)])
def test_the_boxes_come_first_and_say_nothing(open_page, spiked_folder, view, boxes):
    at = open_page(view, data=str(spiked_folder))
    assert not at.exception
    body = next(e.proto.body for e in at.get("html") if "sde-of-view" in e.proto.body)
    assert body.count("<i></i>") == boxes
    assert 'aria-hidden="true"' in body

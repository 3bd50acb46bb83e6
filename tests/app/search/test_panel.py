"""What is found becomes what is picked."""

import numpy as np
import pytest

from tests.app.conftest import spiked
from tests.waiting import until


@pytest.mark.parametrize("find", ["pictures", "captions"])
def test_what_was_found_is_picked_and_stands_in_the_link(open_page, spiked_folder, find):
    at = open_page("retrieval", data=str(spiked_folder), search="pair", pair="3", find=find)
    until(lambda: any(button.key == "pick_hits" for button in at.run().button))
    made = spiked()
    asked, gallery = (made.text, made.image) if find == "pictures" else (made.image, made.text)
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (asked[3:4], gallery)]
    nearest = np.argsort(-(unit[0] @ unit[1].T)[0])[:8]
    at.button(key="pick_hits").click().run()
    picked = at.session_state["rows"]
    assert {*nearest.tolist()} <= {*picked}
    assert len(picked) <= 16
    assert at.button(key="drop_rows").label == f"{len(picked)} pictures picked"
    assert at.query_params["rows"]
    assert at.button(key="drop_pair").label == "asked with pair 3"
    at.button(key="drop_pair").click().run()
    assert at.session_state["search"] == "text"
    assert len(at.session_state["rows"]) == len(picked)

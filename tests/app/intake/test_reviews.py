"""Decisions about pairs on the disk."""

import threading

import pytest

from sde_core.errors import DataError
from sde_explorer.intake.reviews import FOLDER, change_history, read_history


def test_each_content_has_its_own_and_a_change_builds_on_what_lies_there(tmp_path):
    assert read_history(tmp_path, "ab:1") == ()
    for link in (4, 2):
        change_history(tmp_path, "ab:1", lambda known, link=link: (*known, (link, "drop")))
    assert read_history(tmp_path, "ab:1") == ((4, "drop"), (2, "drop"))
    assert read_history(tmp_path, "ab:2") == ()
    assert change_history(tmp_path, "ab:1", lambda known: known[:-1]) == ((4, "drop"),)


def test_decisions_made_at_once_are_all_kept(tmp_path):
    def decide(link):
        change_history(tmp_path, "x", lambda known: (*known, (link, "keep")))

    threads = [threading.Thread(target=decide, args=(link,)) for link in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(link for link, _ in read_history(tmp_path, "x")) == list(range(12))


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": 2, "decisions": []}', '{"format": 1, "decisions": [3]}']
)
def test_a_damaged_file_says_nothing_and_can_be_written_again(tmp_path, content):
    change_history(tmp_path, "x", lambda known: ((1, "drop"),))
    (tmp_path / FOLDER / "x.json").write_text(content)
    assert read_history(tmp_path, "x") == ()
    assert change_history(tmp_path, "x", lambda known: (*known, (2, "keep"))) == ((2, "keep"),)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / FOLDER).write_text("in the way")
    with pytest.raises(DataError, match="decisions cannot be kept in"):
        change_history(tmp_path, "x", lambda known: known)

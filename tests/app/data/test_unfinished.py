"""What a killed server left in the middle of an encoding and is let go.

tests/browser/test_killed.py kills a real server and goes on; that blocks are gone on with is held by
tests/sde_core/encoding/test_resume.py.
"""

from sde_explorer.jobs import Unfinished
from sde_explorer.jobs.unfinished import note
from sde_explorer.readings.cached import sets as cached_sets
from tests.app.data.test_page import texts


def test_a_discarded_one_takes_its_blocks_along_and_nothing_else(open_page, tmp_path):
    cache, other = cached_sets.cache_folder(), tmp_path / "other.blocks"
    for folder in (cache / "embeddings" / "other.blocks", other):
        folder.mkdir(parents=True)
    note(cache, Unfinished(source="/gone", encoder="bundled", blocks=str(other)))
    (cache / "unfinished" / "damaged.json").write_text("{")
    at = open_page("data")
    next(b for b in at.button if b.label == "Discard").click().run()
    assert "interrupted" not in texts(at)
    assert other.is_dir()
    assert not (cache / "embeddings" / "other.blocks").exists()

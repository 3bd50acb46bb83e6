"""What a killed server left in the middle of an encoding: offered, gone on with, or let go."""

import subprocess
import sys

from sde_core import EmbeddingSet
from sde_explorer.jobs import Unfinished, unfinished
from sde_explorer.jobs.unfinished import note
from sde_explorer.readings.cached import sets as cached_sets
from tests.app.data.test_page import ended, texts
from tests.waiting import until

SCRIPT = """
import sys
from pathlib import Path
import sde_core as sde
from sde_core.encoding import blocks
from sde_explorer.jobs import encoding_job
blocks._SECONDS = 0.0  # of ten: a small set has blocks to go on with
encoding_job("clipart/val", "bundled", Path(sys.argv[1]), sde.load_encoder).run()
"""


def _killed_with_blocks(cache) -> None:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(cache)], stderr=subprocess.DEVNULL)

    def has_blocks() -> bool:
        assert process.poll() is None, "it ended before it was killed"
        return bool(list(cache.glob("embeddings/*.blocks/*.safetensors")))

    until(has_blocks, seconds=300)  # it imports all that encodes first
    process.kill()
    process.wait()


def test_an_interrupted_encoding_is_offered_and_goes_on(open_page):
    cache = cached_sets.cache_folder()
    _killed_with_blocks(cache)
    assert [(one.source, one.encoder) for one in unfinished(cache)] == [("clipart/val", "bundled")]
    at = open_page("data")
    assert "The encoding of clipart/val by bundled was interrupted; what is done is kept." in texts(at)
    next(b for b in at.button if b.label == "Go on").click().run()
    at = ended(at)
    assert not at.exception
    assert "encoded, saved and opened" in texts(at)
    assert "interrupted" not in texts(at)
    assert unfinished(cache) == ()
    assert not list(cache.rglob("*.blocks"))
    assert not list(cache.rglob(".*"))
    (folder,) = (path.parent for path in cache.rglob("manifest.json"))
    assert EmbeddingSet.load(folder).n_images > 100


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

"""Ranks strip by strip are those of one process; interrupted, they go on; what an engine cannot do is one sentence."""

import json

import numpy as np
import pytest

import sde_core as sde
from sde_core.cli.main import main
from sde_core.embedding_formats.cluster import ranks
from sde_core.embedding_formats.cluster.ranks import counting_by
from sde_core.errors import ConfigError
from sde_core.sets.evaluation import evaluate_retrieval


@pytest.fixture(scope="module")
def paired():
    r = np.random.default_rng(0)
    image = r.standard_normal((90, 8)).astype(np.float32)
    text = (image + r.standard_normal((90, 8))).astype(np.float32)
    return sde.EmbeddingSet.from_arrays(image, text)


def test_an_interrupted_count_goes_on_after_what_was_kept_and_gives_the_numbers_of_one_process(
    paired, tmp_path, monkeypatch
):
    def stopped(done, total):
        assert total == 4
        if done == 2:
            raise KeyboardInterrupt

    def report(**options):
        with counting_by("process", resume=tmp_path / "kept", strip_rows=25, **options) as count:
            return evaluate_retrieval(paired, count=count)

    with pytest.raises(KeyboardInterrupt):
        report(progress=stopped)
    counted, count = [], ranks.count_pair
    monkeypatch.setattr(ranks, "count_pair", lambda *two: (counted.append(two[0].start), count(*two))[1])
    assert report() == evaluate_retrieval(paired)
    assert sorted(set(counted)) == [50, 75]
    counted.clear()
    assert report() == evaluate_retrieval(paired)
    assert not counted


def test_the_command_prints_the_same_with_an_engine(paired, tmp_path, capsys):
    paired.save(tmp_path / "set")
    words = ["evaluate", "--embeddings", str(tmp_path / "set"), "--json"]
    assert main(words) == 0
    here = json.loads(capsys.readouterr().out)
    assert main([*words, "--engine", "process"]) == 0
    assert json.loads(capsys.readouterr().out) == here


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--resume", "kept"], "--resume is of an engine: add --engine"),
        (["--engine", "ray"], "--engine ranks vectors: encode the pairs with sde encode"),
        (
            ["--engine", "ray", "--fit-on", "emoji/train"],
            "--engine ranks vectors as they are: leave --fit-on",
        ),
        (["--engine", "ray", "--task", "mmeb"], "--engine counts ranks, which mmeb does not need"),
        (["--engine", "ray", "--embeddings", "emoji/test", "--memory", "1G"], "--memory is of this process"),
    ],
)
def test_what_an_engine_cannot_do_is_one_sentence(words, sentence, capsys):
    assert main(["evaluate", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_an_unknown_engine_is_refused():
    with (
        pytest.raises(ConfigError, match=r'engine must be "process" or "ray"; got .spark.'),
        counting_by("spark"),
    ):
        pass

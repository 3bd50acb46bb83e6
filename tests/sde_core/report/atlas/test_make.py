"""Encoders are read by the library's own functions, kept one by one, and a broken one stops nobody."""

import re

import numpy as np
import pytest

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.report.atlas import make_atlas, read_encoder
from sde_core.report.atlas.page import _sentences, as_atlas_page
from sde_core.retrieval.bootstrap import Resampling
from sde_core.sets.evaluation import evaluate_retrieval, gallery_of
from sde_core.treatments.compression.table import compression_table


@pytest.fixture(scope="module")
def few():
    return open_named("clipart/val").select(np.arange(90), name="ninety")


@pytest.fixture(scope="module")
def reading(few):
    return read_encoder(few, name="bundled", n_resamples=50)


def test_a_reading_is_what_the_single_functions_say(few, reading):
    for modality in ("image", "text"):
        spectrum = sde.compute_spectrum(few.vectors(modality))
        partition = sde.partition_spectrum(spectrum)
        facts = reading.modalities[modality]
        assert facts["singular_values"] == spectrum.singular_values.tolist()
        assert facts["bands"]["strong"]["directions"] == partition.n_strong
        assert facts["metrics"]["effective_rank"] == sde.effective_rank(spectrum.singular_values)
    assert reading.gap["relative"] == sde.gap_parts(*few.paired()).relative
    assert reading.metrics == evaluate_retrieval(few, captions="primary").metrics
    first, second = (few.select(half) for half in sde.hold_out(few))
    gallery = gallery_of(second, "primary")
    whole, *rows = compression_table(
        gallery.image, gallery.text, gallery.links, first.paired(), widths=[192, 48], axes=["pca"],
        codes=["float32"], resampling=Resampling(n_resamples=50),
    )  # fmt: skip
    named = {row.name: row for row in reading.kept}
    assert reading.kept[0].recall == whole.recall.estimate
    assert named[rows[-1].name].change == rows[-1].change.estimate


def test_one_modality_is_read_as_far_as_it_goes(few):
    alone = read_encoder(sde.EmbeddingSet.from_arrays(few.image, name="images"))
    assert (alone.name, set(alone.modalities), alone.gap, alone.kept) == ("images", {"image"}, {}, ())
    assert "Compressibility" not in as_atlas_page(_content(alone))


def test_a_set_too_small_for_halves_says_so(few):
    small = read_encoder(few.select(np.arange(9)), n_resamples=50)
    assert small.kept == ()
    assert "at least" in small.advice
    assert small.metrics


def _content(*readings, failures=()):
    return sde.Atlas(
        pairs="p", rule="mp-iqr", captions="primary", readings=readings, failures=dict(failures)
    ).as_dict()


def test_the_page_says_the_numbers_escaped_and_fetches_nothing(reading, few):
    other = read_encoder(
        sde.EmbeddingSet.from_arrays(few.image[:, :40], name="a<b>"), name="a<b>", n_resamples=50
    )
    page = as_atlas_page(_content(reading, other, failures={"x<y>": "no <weights>"}))
    assert "a&lt;b&gt;" in page
    assert "no &lt;weights&gt;" in page
    assert "<b>x<y>" not in page
    assert "prefers-color-scheme: dark" in page
    assert "default-src &#39;none&#39;" in page
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert f"{100 * reading.metrics['text_retrieval_recall@10']:.1f}" in page
    assert page == as_atlas_page(_content(reading, other, failures={"x<y>": "no <weights>"}))


def test_what_is_done_is_kept_and_an_encoder_that_fails_is_named(
    tiny_encoder_folder, write_shard, good_members, few, tmp_path
):
    pairs = sde.open_pairs(write_shard(good_members))
    encoded = []
    small = few.select(np.arange(9), name="nine")
    alone = make_atlas({"vectors": small}, pairs, tmp_path / "new" / "work", n_resamples=20)
    assert alone.readings[0].fingerprint == small.fingerprint
    given = {"tiny": str(tiny_encoder_folder), "nowhere": str(tmp_path / "none"), "vectors": lambda: small}
    how = {"n_resamples": 50, "device": "cpu", "progress": lambda name, now: encoded.append(name)}
    made = make_atlas(given, pairs, tmp_path / "work", **how)
    assert [r.name for r in made.readings] == ["tiny", "vectors"]
    assert list(made.failures) == ["nowhere"]
    assert "none" in made.failures["nowhere"]
    assert set(encoded) == {"tiny"}
    encoded.clear()
    assert make_atlas(given, pairs, tmp_path / "work", **how).as_dict() == made.as_dict()
    assert not encoded
    # Another rule reads the kept vectors again; other weights are encoded again.
    again = make_atlas({"tiny": given["tiny"]}, pairs, tmp_path / "work", **how, rule="energy")
    assert again.readings[0].modalities != made.readings[0].modalities
    assert not encoded
    make_atlas({"tiny": lambda: _other(tiny_encoder_folder)}, pairs, tmp_path / "work", **how)
    assert set(encoded) == {"tiny"}
    with pytest.raises(sde.DataError, match="none of 1 encoders"):
        make_atlas({"nowhere": str(tmp_path / "none")}, pairs, tmp_path / "work", **how)
    (tmp_path / "file").touch()
    with pytest.raises(sde.DataError, match="folder must be"):
        make_atlas(given, pairs, tmp_path / "file" / "work")
    with pytest.raises(sde.ConfigError, match="rule must be one of"):
        make_atlas(given, pairs, tmp_path / "work", rule="nobody")


def _other(folder):
    import torch

    encoder = sde.load_encoder(str(folder), device="cpu")
    with torch.no_grad():
        next(encoder.model.parameters()).add_(0.5)
    return encoder


def test_encoders_that_use_as_much_are_not_put_in_an_order():
    def read(name, rank):
        return {
            "name": name,
            "width": 10,
            "metrics": {},
            "modalities": {"image": {"metrics": {"effective_rank": rank}}},
        }

    assert _sentences([read("a", 5.0), read("b", 5.0)]) == [
        "Of their width, all use 50\u00a0% for the image vectors."
    ]
    (said,) = _sentences([read("a", 5.0), read("b", 2.0)])
    assert said == "Of its width, a uses most for the image vectors, 50\u00a0%; b least, 20\u00a0%."

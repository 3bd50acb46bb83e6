"""Wrong pairs in the Data view: one after another, decided by buttons, taken back, handed out."""

import json

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.geometry.projection import sample_rows
from sde_core.glossary.formats import percent
from sde_core.sets.pair_list import pair_list
from sde_explorer.data import cached, words
from sde_explorer.data.numbers import Review
from sde_explorer.intake.reviews import read_history
from sde_explorer.readings.cached.sets import cache_folder
from tests.app.conftest import settled


def _shown(at) -> str:
    return next(e.proto.body for e in at.get("html") if 'class="sde-review"' in e.proto.body)


def test_pairs_come_from_the_least_fitting_up_and_decisions_can_be_taken_back(open_page):
    at = settled(open_page("data", data="clipart", part="split=val", data_part="Wrong pairs"))
    assert not at.exception
    val = open_named("clipart/val")
    found = sde.mismatched_pairs(val.image, val.text, val.links)
    captions = [val.captions[found.links[link][0]] for link in found.order[:3]]
    assert words.wrong_pairs(found) in [each.value for each in at.markdown]
    assert f"<p>{captions[0]}</p>" in _shown(at)
    assert "data:image/webp" in _shown(at)
    at.button(key="review_drop").click().run()
    assert f"<p>{captions[1]}</p>" in _shown(at)
    at.button(key="review_keep").click().run()
    assert f"<p>{captions[2]}</p>" in _shown(at)
    assert f"2 of {len(found.links):,} seen, 1 dropped, 1 kept" in [each.value for each in at.caption]
    at.button(key="review_undo").click().run()
    assert f"<p>{captions[1]}</p>" in _shown(at)
    assert Review.of(read_history(cache_folder(), val.fingerprint)) == Review().decided(
        int(found.order[0]), "drop"
    )
    other = settled(open_page("data", data="clipart", part="split=val", data_part="Wrong pairs"))
    assert f"<p>{captions[1]}</p>" in _shown(other)  # another tab, or another day
    other.button(key="review_drop").click().run()
    at.button(key="review_keep").click().run()  # of a pair that the other tab has dropped meanwhile
    assert f"<p>{captions[2]}</p>" in _shown(at)
    assert f"2 of {len(found.links):,} seen, 2 dropped, 0 kept" in [each.value for each in at.caption]
    at.button(key="review_undo").click().run()
    assert f"<p>{captions[1]}</p>" in _shown(at)
    left = [json.loads(line) for line in pair_list(val, found.kept(1), ".jsonl").splitlines()]
    assert captions[0] not in [
        pair["caption"] for pair in left if pair["image_id"] == val.image_ids[found.links[found.order[0]][1]]
    ]


def test_a_large_set_says_first_what_a_sample_says(open_page, monkeypatch):
    monkeypatch.setattr(cached, "FIRST_PICTURES", 100)  # of 257
    at = settled(
        open_page("data", data="clipart", part="split=val", data_part="Wrong pairs", data_measure="cosine")
    )
    first = at.session_state["followed_jobs"]["mismatched"].job.partial
    val = open_named("clipart/val")
    few = val.select(sample_rows(val.n_images, 100))
    found = sde.mismatched_pairs(few.image, few.text, few.links, measure="cosine")
    assert (first.share, len(first.links)) == (found.share, len(found.links))
    said = words.wrong_pairs_so_far(first, len(val.links))
    assert said.endswith(f"by a seeded sample of {len(few.links):,} of {len(val.links):,}.")
    assert f"**{percent(found.share)}** of the pairs" in said


def test_how_many_are_wrong_is_said_from_the_tenth_on():
    val = open_named("clipart/val")
    found = sde.mismatched_pairs(val.image, val.text, val.links)
    assert "wrong" not in words.place_in_line(found, int(found.order[0]), 0, "margin")
    tenth = words.place_in_line(found, int(found.order[9]), 9, "margin")
    assert tenth.startswith("Number 10, margin \u2212")
    assert f"about {100 * float(found.precision[9]):.0f} % are wrong" in tenth


def test_a_set_of_one_modality_says_why_there_is_nothing_to_review(open_page, tmp_path):
    import numpy as np

    made = sde.EmbeddingSet.from_arrays(np.random.default_rng(0).normal(size=(40, 6)).astype("f4"))
    folder = made.save(tmp_path / "images")
    at = open_page("data", data=str(folder), data_part="Wrong pairs")
    assert not at.exception
    assert any("Pairs need images and texts" in each.value for each in at.info)


def test_too_few_pairs_say_so_and_the_rest_of_the_page_lives(open_page, tmp_path):
    import numpy as np

    rows = np.random.default_rng(0).normal(size=(12, 6)).astype("f4")
    folder = sde.EmbeddingSet.from_arrays(rows, rows).save(tmp_path / "few")
    at = settled(open_page("data", data=str(folder), data_part="Wrong pairs"))
    assert not at.exception
    assert any("at least 20 pairs to compare; got 12" in each.value for each in at.error)

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from sde_core import EmbeddingSet
from sde_core.embedding_formats.named import open_named, rows_of_part
from sde_core.sets.evaluation import evaluate_retrieval
from sde_core.sets.trained_on import write_record
from sde_explorer import sets
from sde_explorer.readings.cached import machine as cached_machine
from sde_explorer.readings.headline import STEPS, WHOLE
from tests.app.conftest import card_numbers, control, settled, spiked, wait_for_a_job


def _texts(at) -> str:
    parts = [
        e.value for kind in ("markdown", "caption", "info", "error", "warning") for e in getattr(at, kind)
    ]
    return "\n".join(parts)


def test_the_bundled_set_opens_with_its_numbers(open_page):
    at = open_page("overview")
    assert not at.exception
    assert not at.error
    pairs, found, _, rank, cone, gap, *_ = numbers = card_numbers(at)
    assert len(numbers) == 8
    assert pairs == ["917"]
    at_1, at_10 = (float(text.split("\u00a0")[0]) for text in found)
    assert 0 < at_1 < at_10 < 100
    at = settled(at)  # what bands know comes from beside the page
    assert at.title[0].value.startswith("9 strong directions hold 90 % of what is known of group")
    assert len(rank) == len(cone) == 2
    assert 0 <= float(gap[0]) <= 2
    labels = [m for m in at.markdown if m.value in ("Pairs", "Cone", "Modality gap", "Linear CKA")]
    assert all(m.help for m in labels)
    assert "917 of 5,418 images" in _texts(at)
    assert any("computes on" in caption.help for caption in at.caption if caption.help)


def test_a_set_opens_on_what_nothing_was_trained_on_and_all_of_it_is_a_press_away(open_page):
    at = settled(open_page("overview"))
    assert at.query_params["part"] == "split=test"
    told = evaluate_retrieval(open_named("emoji/test"), captions="primary").metrics
    shown = card_numbers(at)
    assert [text.split("\u00a0")[0] for text in shown[1]] == [
        f"{100 * told[f'text_retrieval_recall@{k}']:.1f}" for k in (1, 10)
    ]
    assert "These 917 of 5,418 images are the split `test`: the encoder never learned from them." in _texts(
        at
    )
    at.button(key="all_of_it").click().run()
    assert not at.exception
    assert at.query_params["part"] == "all"
    at = settled(at)
    whole = card_numbers(at)
    assert whole[0] == ["5,418"]
    assert float(whole[1][0].split("\u00a0")[0]) > 2 * float(shown[1][0].split("\u00a0")[0])
    assert "3,903 of these images are of the split `train`, which the bundled encoder has seen." in _texts(at)
    at.button(key="held_out_alone").click().run()
    assert at.query_params["part"] == "split=test"
    assert card_numbers(at)[0] == ["917"]


@pytest.mark.parametrize("link", [{"part": "all"}, {"data": "emoji"}, {"noise": "0.8"}])
def test_an_address_that_says_something_means_the_whole_set_where_it_names_no_part(open_page, link):
    at = open_page("overview", **link)
    assert not at.exception
    assert card_numbers(at)[0] == ["5,418"]


def test_a_set_that_is_chosen_opens_on_what_nothing_was_trained_on(open_page, tmp_path):
    made = spiked()
    (tmp_path / "encoder").mkdir()
    origin = replace(made.provenance, pairs="/mine/*.tar", encoder=str(tmp_path / "encoder"))
    mine = replace(made, provenance=origin)
    write_record(tmp_path / "encoder", mine, np.flatnonzero(mine.metadata["split"] == "train"), "")
    mine.save(tmp_path / "cache" / "embeddings" / "mine")
    at = open_page("overview", data="clipart")
    [other] = set(control(at, "data_pick").options) - {"emoji", "clipart"}
    control(at, "data_pick").set_value(other).run()
    assert not at.exception
    assert card_numbers(at)[0] == ["100"]
    assert at.query_params["part"] == "split=test"
    at.button(key="all_of_it").click().run()
    assert card_numbers(at)[0] == ["300"]
    assert "100 of these images are of the split `train`, which its encoder has seen." in _texts(at)
    control(at, "data_pick").set_value("clipart").run()
    assert card_numbers(at)[0] == ["384"]


def test_without_columns_the_title_says_how_well_both_sides_find_each_other(open_page, tmp_path):
    made = replace(spiked(), metadata={}).save(tmp_path / "bare")
    at = open_page("overview", data=str(made))
    assert not at.exception
    found = card_numbers(at)[1]
    at_1 = float(found[0].split("\u00a0")[0])
    said = at.title[0].value
    assert len(said) <= 90
    assert said.startswith(f"{at_1:.0f} of 100") or f"{at_1:.0f} of 100 images their caption" in said
    assert len(at.get("plotly_chart")) == 1


def test_pairs_of_a_training_are_named_and_left_out_at_a_press(open_page, spiked_folder):
    at = open_page("overview", data=str(spiked_folder))
    n_train = np.count_nonzero(EmbeddingSet.load(spiked_folder).metadata["split"] == "train")
    said = (
        f"{n_train} of these images are of the split `train`: held out only if the encoder did not see them."
    )
    assert said in _texts(at)
    at.button(key="held_out_alone").click().run()
    assert not at.exception
    assert card_numbers(at)[0] == ["100"]
    assert said not in _texts(at)
    assert at.query_params["part"] == "split=test"


def test_a_split_and_a_saved_set_open_from_the_link(open_page, spiked_folder):
    at = open_page("overview", data=str(spiked_folder), part="split=test")
    assert not at.exception
    assert card_numbers(at)[0] == ["100"]
    assert "pictures of this set are not on this machine" in _texts(at)


def test_captions_are_text_and_never_markup(open_page, spiked_folder):
    at = open_page("overview", data=str(spiked_folder))
    pages = [e.proto.body for e in at.get("html")]
    assert any("&lt;b&gt;" in page for page in pages)
    assert not any("caption <b>" in page for page in pages)


def test_a_set_that_is_not_there_is_one_sentence_and_the_page_lives(open_page, tmp_path):
    at = open_page("overview", data=str(tmp_path / "gone"))
    assert not at.exception
    assert [e.value.count("there is no folder") for e in at.error] == [1]
    control(at, "data_pick").set_value("clipart").run()
    assert not at.error
    assert card_numbers(at)[0] == ["384"]


def test_a_set_that_vanishes_is_noticed(open_page, spiked_folder, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(spiked_folder, folder)
    at = open_page("overview", data=str(folder))
    assert not at.error
    shutil.rmtree(folder)
    at.run()
    assert not at.exception
    assert "there is no folder" in at.error[0].value


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_handful_of_rows_still_shows(open_page, tmp_path, rows):
    x = np.random.default_rng(0).normal(size=(rows, 5)).astype(np.float32)
    folder = EmbeddingSet.from_arrays(x, x + 0.1, captions=list("abc")[:rows]).save(tmp_path / "few")
    for page in ("overview", "spectrum"):
        assert not open_page(page, data=str(folder)).exception


def test_equal_rows_still_show(open_page, tmp_path):
    x = np.ones((20, 5), np.float32)
    folder = EmbeddingSet.from_arrays(x, x).save(tmp_path / "equal")
    for page in ("overview", "spectrum"):
        assert not open_page(page, data=str(folder)).exception


def test_the_cache_follows_the_content_of_a_folder(open_page, tmp_path):
    rng = np.random.default_rng(0)
    for rows in (30, 40):
        x = rng.normal(size=(rows, 6)).astype(np.float32)
        folder = EmbeddingSet.from_arrays(x, x).save(tmp_path / "set")
        at = open_page("overview", data=str(folder))
        assert card_numbers(at)[0] == [str(rows)]


def test_encoders_of_one_set_stand_side_by_side(open_page, tmp_path, monkeypatch):
    for encoder, seed in (("bundled", 0), ("ViT-B-32/openai", 1)):
        made = spiked(seed=seed)
        origin = replace(made.provenance, pairs="/mine/*.tar", encoder=encoder)
        replace(made, provenance=origin).save(tmp_path / "cache" / "embeddings" / f"set{seed}")
    at = open_page("overview", data="/mine/*.tar")
    assert not at.error
    assert control(at, "encoder_pick").options == ["ViT-B-32/openai", "bundled"]
    assert control(at, "encoder_pick").value == "bundled"
    before = card_numbers(at)
    control(at, "encoder_pick").set_value("ViT-B-32/openai").run()
    assert card_numbers(at) != before


def test_an_encoder_or_a_part_that_is_not_there_is_named(open_page, spiked_folder):
    at = open_page("overview", data=str(spiked_folder), encoder="RN50/openai", part="style=none")
    assert not at.exception
    said = "\n".join(w.value for w in at.warning)
    assert "has not been encoded by RN50/openai" in said
    assert "has no part style=none" in said
    assert card_numbers(at)[0] == ["300"]


def test_parts_of_one_column_add_up_and_columns_narrow_down():
    made = spiked(n_pairs=30)
    style = np.array(["a", "b"] * 15)
    both = replace(made, metadata=made.metadata | {"style": style, "id": np.arange(30).astype(str)})
    assert sets.filters(both) == ("split=test", "split=train", "split=val", "style=a", "style=b")
    assert rows_of_part(both, ("split=test", "split=val")).sum() == 20
    assert rows_of_part(both, ("split=test", "style=a")).sum() == 5
    twin = replace(
        made, metadata=made.metadata | {"licence": np.char.add("licence of ", made.metadata["split"])}
    )
    assert sets.filters(twin) == ("split=test", "split=train", "split=val")


def test_columns_of_many_values_are_filters_and_ids_are_named_instead(open_page, tmp_path):
    made = spiked(n_pairs=400)
    classes = np.array([f"class {i % 100:02d}" for i in range(400)])
    ids = np.arange(400).astype(str)
    both = replace(made, metadata=made.metadata | {"class": classes, "id": ids})
    found = sets.filters(both)
    assert found[:4] == ("split=test", "split=train", "split=val", "class=class 00")
    assert len(found) == 103
    assert sets.left_out_columns(both) == ("id",)
    folder = both.save(tmp_path / "classes")
    at = open_page("overview", data=str(folder), part="class=class 42")
    assert not at.warning
    assert any("4 of 400 images" in c.value for c in at.caption)
    assert "own: `id`." in control(at, "part_pick").help


def test_names_of_encoders_load_as_they_are_listed():
    names = cached_machine.encoder_names()
    assert "ViT-B-32/laion2b_s34b_b79k" in names
    assert len(names) > 100


@pytest.mark.parametrize("data", ["emoji/test", "{shard}"])
def test_pairs_that_are_not_encoded_yet_lead_to_the_form(open_page, write_shard, good_members, data):
    at = open_page("overview", data=data.format(shard=write_shard(good_members)))
    assert not at.exception
    assert "has not been encoded here yet: open it on the Data page" in at.error[0].value
    assert "Open pairs in any usual format" in _texts(at)


def test_a_large_set_shows_some_queries_with_their_interval_and_all_when_asked(open_page, tmp_path):
    made = spiked(n_pairs=WHOLE + 500, width=12)
    exact = evaluate_retrieval(made, captions="primary").metrics["image_retrieval_recall@1"]

    def at_rest(at, until):
        for _ in range(600):
            wait_for_a_job()
            at.run()
            assert not at.exception
            if until(_texts(at)):
                return at
        raise AssertionError(_texts(at))

    at = open_page("overview", data=str(made.save(tmp_path / "large")))
    at = at_rest(
        at, lambda said: f"{STEPS[1]:,} seeded queries each way" in said and "being asked" not in said
    )
    assert "95 % interval" in _texts(at)
    low, high = map(float, re.search(r"R@1 in \[([\d.]+), ([\d.]+)\]", _texts(at)).groups())
    assert low < high
    assert low - 1 <= 100 * exact <= high + 1
    button = next(b for b in at.button if b.key == "headline_exact")
    assert button.label.startswith("Ask all, about")
    button.click()
    at = at_rest(at, lambda said: "seeded queries" not in said)
    assert f"{100 * exact:.1f}" in card_numbers(at)[2][0]
    assert not any(b.key == "headline_exact" for b in at.button)

"""What bands know: the figure's numbers are the library's, the title is made from them, a click reads a direction."""

import base64

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.partition import Bands
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached import knowledge as cached_knowledge
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.state import State
from sde_explorer.subspaces.known_figure.sent import known_data
from sde_explorer.subspaces.numbers.knowledge import finding, known_columns
from tests.app.conftest import settled
from tests.sde_core.knowledge.made import made


@pytest.fixture(scope="module")
def known():
    return sde.band_knowledge(open_named("emoji"), side="image", n_resamples=20)


def test_columns_that_say_most_are_drawn_once_and_the_makers_own_are_not(known):
    columns = known_columns(known, known.labels.numpy())
    assert [column.name for column in columns] == ["group", "subgroup", "style"]
    assert [column.told for column in columns] == ["9 values", "98 values", "3 values"]
    assert [c.name for c in known_columns(known, known.labels.numpy(), ("split", "concept"))] == ["split"]


def test_the_title_says_where_a_column_lives_and_where_another_one_does(known):
    columns = known_columns(known, known.labels.numpy())
    said = finding(columns, known.labels.numpy(), "image")
    assert said == "9 strong directions hold 91 % of what is known of group; style lives in weak ones (60 %)"
    assert len(said) <= 90
    assert finding([], known.labels.numpy(), "image") == "No image direction knows any of the columns"


def test_the_title_names_the_column_that_was_taken_off():
    emoji = open_named("emoji")
    known = sde.band_knowledge(emoji, side="image", given="group", n_resamples=0)
    columns = known_columns(known, known.labels.numpy())
    assert [column.name for column in columns] == ["subgroup", "style"]
    said = finding(columns, known.labels.numpy(), "image", beyond="group")
    assert said.startswith("9 strong directions hold 53 % of")
    assert said.endswith(" % of what is known of subgroup beyond group")
    assert finding([], known.labels.numpy(), "text", beyond="group").endswith("the columns beyond group")


def test_what_is_held_adds_up_to_the_shares_of_the_library(known):
    labels = np.full(len(known.labels), 2)
    labels[:2] = 0
    column = known_columns(known, labels)[0]
    assert column.shares == known["group"].shares(torch.from_numpy(labels))
    assert column.shares[0] == pytest.approx(column.held[:2].sum() / column.held.sum(), abs=1e-12)


def test_the_browser_gets_the_numbers_of_every_direction_and_the_rule_s_own_thresholds(known):
    spectrum = sde.compute_spectrum(open_named("emoji").image, center="mean")
    report = Bands.of(spectrum, sde.partition_spectrum(spectrum), modality="image").moved(noise=2.0)
    columns = known_columns(known, report.labels)
    sent = known_data(columns, report, factors=(2.0, 1.0), alt="in words", name="file")
    assert sent["panel"]["own"] == {"noise": report.own_tau_noise, "strong": report.own_tau_strong}
    assert [row["told"] for row in sent["rows"]] == ["9 values", "98 values", "3 values"]
    for row, column in zip(sent["rows"], columns, strict=True):
        for name in ("known", "chance", "held"):
            np.testing.assert_array_equal(
                np.frombuffer(base64.b64decode(row[name]), "<f8"), getattr(column, name)
            )
        assert [mark == "1" for mark in row["sure"]] == column.significant.tolist()
        assert len(row["name"]) <= 40


def test_the_view_opens_on_it(open_page, spiked_folder):
    at = open_page("subspaces", data=str(spiked_folder))
    settled(at)  # the numbers come from beside the page
    assert not at.exception
    assert "No image direction knows any of the columns" in at.title[0].value


def test_a_set_without_columns_says_what_would_give_it_some(open_page, tmp_path):
    rng = np.random.default_rng(0)
    folder = sde.EmbeddingSet.from_arrays(rng.normal(size=(60, 8)), rng.normal(size=(60, 8))).save(
        tmp_path / "bare"
    )
    at = open_page("subspaces", data=str(folder))
    assert not at.exception
    assert any("has no columns, captions or images" in info.value for info in at.info)


def test_a_typed_word_is_a_column_and_names_stand_in_the_reader(open_page, tmp_path):
    rng = np.random.default_rng(0)
    holds = rng.random(300) < 0.3
    x = rng.normal(size=(300, 8))
    x[:, 0] += 4 * holds
    folder = sde.EmbeddingSet.from_arrays(
        x, x, captions=[f"a flag {i}" if flag else f"a thing {i}" for i, flag in enumerate(holds)]
    ).save(tmp_path / "flags")
    at = open_page("subspaces", data=str(folder), columns=["flag"], names=["image 2 people and flags"])
    settled(at)
    assert not at.exception
    assert "of what is known of flag" in at.title[0].value
    for job in background._figures.active("figure"):  # further columns, from which names become finer
        job.wait(120)
    at.run()
    assert any(
        text.value.startswith("**Direction 1 of 8**: ") and "“flag”" in text.value for text in at.markdown
    )
    at = open_page("subspaces", data=str(folder), columns=["flag"], names=["image 1 people and flags"])
    assert any("**Direction 1 of 8**: people and flags" in text.value for text in at.markdown)


def test_names_travel_in_the_link():
    from sde_explorer.state import link_of
    from sde_explorer.url_values import named_directions, with_name

    names = with_name((), "image", 4, "yellow   against blue")
    assert link_of(State(names=names)) == {"names": ["image 4 yellow against blue"]}
    names = with_name(names, "text", 4, "short")
    assert named_directions(names, "image") == {4: "yellow against blue"}
    assert named_directions(with_name(names, "image", 4, ""), "image") == {}
    assert named_directions(("image x y", "image 3", "sound 1 a"), "image") == {}


def test_names_of_directions_do_without_intervals_and_with_those_that_are_shown_once(monkeypatch):
    rng = np.random.default_rng(1)
    holds = rng.random(200) < 0.4
    x = rng.normal(size=(200, 6))
    x[:, 1] += 3 * holds
    data = Dataset(
        made(x, captions=[f"a ship {i}" if ship else f"a tree {i}" for i, ship in enumerate(holds)]), ()
    )
    asked = []
    measure = sde.band_knowledge
    monkeypatch.setattr(
        sde, "band_knowledge", lambda *a, **k: asked.append(k["n_resamples"]) or measure(*a, **k)
    )
    names = background.result_of(cached_knowledge.names(data, "image", "removed"))
    assert any("ship" in name for name in names)
    assert asked == [0]
    assert cached_knowledge.direction_names(data, "image", "removed") == names
    called = cached_knowledge.direction_names(data, "image", "removed", ("image 2 boats",))
    assert called == (names[0], "boats", *names[2:])
    shown = background.result_of(cached_knowledge.further(data, "image", "removed"))
    assert any(len(column.resampled) for column in shown.columns)
    assert cached_knowledge.direction_names(data, "image", "removed") == names
    background._figures.forget(cached_knowledge.names(data, "image", "removed").key)
    assert cached_knowledge.direction_names(data, "image", "removed") == names, "of what is shown"
    assert background.result_of(cached_knowledge.names(data, "image", "removed")) == names
    assert asked == [0, 200], "what is shown is not measured again"


def test_names_are_kept_as_the_few_words_that_they_are(tmp_path, monkeypatch):
    rng = np.random.default_rng(2)
    holds = rng.random(120) < 0.5
    x = rng.normal(size=(120, 5))
    x[:, 0] += 4 * holds
    found = made(x, captions=["a ship" if ship else "a tree" for ship in holds], kind=holds.astype(str))
    data = Dataset(found, ())
    names = background.result_of(cached_knowledge.names(data, "image", "removed"))
    assert names == tuple(
        map(
            str,
            sde.direction_names(sde.band_knowledge(found), sde.band_knowledge(found, sde.set_columns(found))),
        )
    )
    [path] = (tmp_path / "kept" / "results").glob("*.npz")
    assert path.stat().st_size < 2_000
    background._figures.forget(cached_knowledge.names(data, "image", "removed").key)
    monkeypatch.setattr(sde, "band_knowledge", None)
    assert cached_knowledge.names(data, "image", "removed").result == names

"""Compare's verdict, calibrated similarities, groups that one set separates, and layers: numbers of the library."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.glossary import TERMS
from sde_core.glossary.formats import number
from sde_explorer.compare.cached import decided as cached
from sde_explorer.compare.figures.decided import difference_figure, layers_figure
from sde_explorer.compare.found import results
from sde_explorer.compare.numbers import decided
from sde_explorer.compare.numbers.rows import Items
from tests.app.compare.test_page import said, settled
from tests.app.conftest import spiked


def tables(at) -> list[str]:
    return [e.proto.body for e in at.get("html") if "sde-bands" in e.proto.body]


def cells(table: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", table.split("<tbody>")[1])
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The set with 30 rows of both modalities pulled together along a new direction, and the set rounded to int8."""
    source = spiked()
    group = np.arange(40, 70)
    image, text = source.image.copy(), source.text.copy()
    for rows in (image, text):
        rows[group] += 60 * np.eye(rows.shape[1], dtype=np.float32)[7]
    places = tmp_path_factory.mktemp("decided")
    step = np.abs(source.image).max() / 127
    rounded = replace(source, image=np.round(source.image / step) * step)
    return {
        "group": replace(source, image=image, text=text).save(places / "group"),
        "rounded": rounded.save(places / "rounded"),
    }


def test_the_verdict_is_that_of_the_library(open_page, spiked_folder, planted):
    at = settled(
        open_page(
            "compare", data=str(spiked_folder), other=str(planted["rounded"]), compare_look="Same space?"
        )
    )
    assert not at.exception
    found = sde.parity(sde.EmbeddingSet.load(spiked_folder), sde.EmbeddingSet.load(planted["rounded"]))
    assert found.verdict == "quantised"
    assert f"**Quantised**, 100 % sure: {found.detail}." in said(at)
    shown = dict(cells(tables(at)[-1]))
    assert shown["the same, means taken off"] == number(found.figures["centred_cosine"])


def test_spaces_of_other_widths_are_never_the_same():
    a, b = spiked(20, 16), spiked(20, 8)
    found = decided.same_space(a, b)
    assert (found.parity, found.widths) == (None, (16, 8))


def test_every_similarity_stands_beside_its_null(open_page, spiked_folder, planted):
    at = settled(
        open_page(
            "compare", data=str(spiked_folder), other=str(planted["group"]), compare_look="Beyond chance"
        )
    )
    assert not at.exception
    both = [sde.EmbeddingSet.load(folder) for folder in (spiked_folder, planted["group"])]
    direct = sde.calibrated_similarity(
        both[0].text, both[1].text, "mutual-knn", n_permutations=decided.SHUFFLES
    )
    rows = {row[0]: row[1:] for row in cells(tables(at)[-1])}
    assert list(rows) == [TERMS[name.replace("-", "_")].name for name in sde.measure_names()]
    numbers = (direct.value, direct.null_mean, direct.score)
    assert rows["Mutual kNN"][4:] == [*(f"{x:.3f}" for x in numbers), f"{direct.p_value:.2f}"]
    assert re.search(r"Beyond chance: .*7 of 7, .*7 of 7 similarities", said(at))


def test_the_group_that_only_one_holds_together_comes_first(open_page, spiked_folder, planted):
    at = settled(
        open_page("compare", data=str(planted["group"]), other=str(spiked_folder), compare_look="Only in one")
    )
    assert not at.exception
    assert "**A separates, B does not**" in said(at)
    first = next(e.proto.body for e in at.get("html") if "sde-thumbs" in e.proto.body)
    shown = [int(i) for i in re.findall(r"caption &lt;b&gt;(\d+)&lt;/b&gt;</figcaption>", first)]
    assert len(shown) == 5
    assert set(shown) <= set(range(40, 70))


def test_groups_are_rows_of_the_first_set_and_their_sizes_the_values():
    a, b = spiked(60, 12), spiked(60, 12, seed=1)
    items = Items(first=np.arange(10, 50), second=np.arange(5, 45), total=40)
    found = decided.difference("text", a, b, items)
    direct = sde.difference_spectrum(a.text[10:50], b.text[5:45])
    np.testing.assert_allclose(found.values, direct.values.numpy())
    assert found.groups[0][0].tolist() == [10 + i for i in direct.group(0)]
    assert found.groups[1][0].tolist() == [10 + i for i in direct.group(-1)]
    assert found.sizes[1][0] == pytest.approx(-float(direct.values[-1]))
    drawn = difference_figure(found)
    assert [len(trace.x) for trace in drawn.data] == [
        int((direct.values > 0).sum()),
        int((direct.values < 0).sum()),
    ]
    assert max(drawn.data[1].y) < 0 < min(drawn.data[0].y)


def test_layers_of_the_sets_encoder_are_drawn(open_page, monkeypatch, tmp_path):
    monkeypatch.setattr(cached, "LAYER_PAIRS", 16)
    whole = open_named("clipart/val")
    part = whole.select(np.arange(3, 15), name="part")
    read, count = cached.sde.read_layers, []

    def reading(encoder, pairs, *, ids, **how):
        count.append(set(ids))
        return read(encoder, pairs, ids=ids, **how)

    monkeypatch.setattr(cached.sde, "read_layers", reading)
    at = settled(open_page("compare", data=str(part.save(tmp_path / "part")), compare_look="By layer"))
    assert not at.exception
    assert count == [set(whole.image_ids[3:15])]
    assert "12 pairs through bundled" in said(at)
    assert re.search(r"Image layer \d of 8 and text layer \d of 5 agree most", said(at))


def test_layers_of_all_pairs_are_a_press_away(open_page, monkeypatch, tmp_path):
    monkeypatch.setattr(cached, "LAYER_PAIRS", 10)
    monkeypatch.setattr(cached, "LAYER_ROWS", 14)
    part = open_named("clipart/val").select(np.arange(20, 38), name="part")
    at = settled(open_page("compare", data=str(part.save(tmp_path / "part")), compare_look="By layer"))
    assert not at.exception
    assert "10 pairs through bundled" in said(at)
    assert "Seeded sample, 10 of 18 pairs." in said(at)
    button = at.button(key="measure_all_layers")
    assert re.fullmatch(r"Measure all pairs, about \d+ (s|min)", button.label)
    button.click().run()
    at = settled(at)
    assert not at.exception
    assert "18 pairs through bundled. Dimension and agreement are of 14 of them." in said(at)
    assert "Seeded sample" not in said(at)
    assert "measure_all_layers" not in {b.key for b in at.button}


def test_a_set_without_pairs_or_encoder_says_that_layers_need_them(open_page, spiked_folder):
    at = settled(open_page("compare", data=str(spiked_folder), compare_look="By layer"))
    assert "the set must name its pairs and its encoder" in said(at)


def test_the_figure_of_layers_has_a_curve_a_tower_and_every_two_layers():
    import torch

    def layer(side, name, rank):
        values = torch.ones(3)
        return sde.Layer(
            side=side, name=name, width=8, singular_values=values, effective_rank=rank, two_nn=2.0,
            cross_values=values, cross_rank=1.5, shared=0.5,
        )  # fmt: skip

    rows = [torch.randn(12, 4, generator=torch.Generator().manual_seed(i)) for i in range(3)]
    found = sde.Layers(
        encoder="e", n_items=12, n_sampled=12, image=(layer("image", "a", 3.0), layer("image", "output", 5.0)),
        text=(layer("text", "output", 4.0),), agreement=sde.layer_agreement(rows[:2], rows[2:], n_permutations=9),
    )  # fmt: skip
    drawn = found.plot()
    assert drawn.data == layers_figure(found).update_layout(font_color="#7d828c").data
    image, text = drawn.data[0], drawn.data[1]
    assert (list(image.x), list(image.y)) == ([0.5, 1.0], [3.0, 5.0])
    assert (list(text.x), list(text.y)) == ([1.0], [4.0])
    assert np.shape(drawn.data[-1].z) == (2, 1)
    alone = layers_figure(replace(found, text=(), agreement=None))
    assert [trace.type for trace in alone.data] == ["scatter", "scatter"]


def test_a_first_look_is_shown_until_all_of_it_is_there():
    source = spiked(120, 16)
    few = decided.same_space(source, source, 40)
    assert (few.parity.n_rows, few.total) == (40, source.n_images)
    running, done = (SimpleNamespace(is_active=active, partial=few, result=None) for active in (True, False))
    done.result = decided.same_space(source, source)
    assert results([running, done], decided.SameSpace) == [done.result]
    assert results([running, done], decided.SameSpace, first=True) == [few, done.result]

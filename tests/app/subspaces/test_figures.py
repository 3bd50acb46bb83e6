import base64
import json

import numpy as np
import pytest

from sde_core import EmbeddingSet, compute_cross_spectrum, compute_spectrum, pair_moments
from sde_core.checks.sphere import unit_rows
from sde_explorer.subspaces import words
from sde_explorer.subspaces.figures.directions import coefficients_figure, directions_figure, null_figure
from sde_explorer.subspaces.figures.maps import map_figure
from sde_explorer.subspaces.figures.pairs import composition_figure, shown_pairs, triangle_figure
from sde_explorer.subspaces.numbers import maps
from sde_explorer.subspaces.numbers.directions import Axes, Reading, axes_of, direction_table, read_direction
from sde_explorer.subspaces.numbers.pair_energy import BY_CHANCE, pair_energies, triangle
from sde_explorer.subspaces.numbers.selection import composition, pair_rows
from sde_explorer.subspaces.point_map.sent import point_data
from sde_explorer.ui.figures import palette
from tests.app.conftest import spiked


def _table(basis: str = "image"):
    made = spiked()
    spectrum = compute_cross_spectrum(*made.paired()) if basis == "cross" else compute_spectrum(made.image)
    axes = axes_of(basis, spectrum)
    unit = [unit_rows(rows, "x") for rows in made.paired()]
    return made, axes, direction_table(axes, pair_moments(*made.paired()), pair_moments(*unit))


def _shares(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet([1, 1, 1], count).astype(np.float32)


def _pairs(count: int = 400, seed: int = 0):
    rows = np.arange(count)
    return pair_energies(rows, rows, _shares(count, seed), _shares(count, seed + 1))


def test_parts_of_all_directions_add_up():
    _, _, table = _table()
    assert table.energy.sum() == pytest.approx(1)
    assert table.gap.sum() + table.gap_outside == pytest.approx(1)
    assert table.cosine.sum() + table.cosine_outside == pytest.approx(table.paired_cosine)
    assert table.correlation[table.most("correlation") - 1] == table.correlation.max()
    assert table.gap[table.most("gap") - 1] == table.gap.max()


def test_cross_directions_have_no_parts_and_say_so_in_the_chart():
    _, _, table = _table("cross")
    assert np.isnan(table.gap).all()
    assert table.most("gap") == 0
    assert len(directions_figure(table, None, 1).data) == 2  # no panel of the gap


def test_the_ends_of_a_direction_are_its_largest_coefficients():
    made, axes, _ = _table()
    found = read_direction(made, axes, 1, centred=True)
    low, high = found.images
    assert found.image[high[0]] == found.image.max()
    assert found.image[low[0]] == found.image.min()
    assert not set(low) & set(high)
    assert abs(found.image.mean()) < 1e-9
    assert found.p_value == pytest.approx(1 / 500)
    raw = read_direction(made, axes, 1, centred=False)
    assert raw.images[1].tolist() == high.tolist()


def test_every_direction_is_a_point_in_its_band_and_one_is_marked():
    _, _, table = _table()
    labels = np.repeat([0, 1, 2], 16)
    figure = directions_figure(table, labels, 7, level=0.1)
    assert len(figure.data) == 9
    for i, column in enumerate((table.values, table.correlation, table.gap)):
        traces = figure.data[3 * i : 3 * i + 3]
        np.testing.assert_array_equal(np.concatenate([trace.y for trace in traces]), column)
        np.testing.assert_array_equal(
            np.concatenate([trace.customdata for trace in traces]), np.arange(1, 49)
        )
        assert [trace.marker.color for trace in traces] == list(palette.BAND.values())
    assert [shape.x0 for shape in figure.layout.shapes if shape.y1 == 1] == [7, 7, 7]
    assert [note.text for note in figure.layout.annotations] == [
        "<b>singular value</b>", "<b>correlation of pairs</b>", "<b>share of the modality gap</b>",
    ]  # fmt: skip


def _reading(correlation: float, null: list[float]) -> Reading:
    none = (np.zeros(0, np.int64),) * 2
    p_value = (1 + sum(n >= correlation for n in null)) / (1 + len(null))
    return Reading(
        number=1, image=np.arange(5.0), text=np.arange(4.0), images=none, texts=none,
        correlation=correlation, null=np.array(null), p_value=p_value, n_pairs=9, total=9,
    )  # fmt: skip


def test_the_null_counts_every_shuffle_and_the_line_is_the_correlation():
    reading = _reading(0.8, [0.1, -0.1, 0.0, 0.2])
    figure = null_figure(reading)
    assert sum(figure.data[0].y) == 4
    assert figure.data[1].x == (0.8, 0.8)
    assert figure.layout.xaxis.range[1] > 0.8
    shares = [sum(trace.y) for trace in coefficients_figure(reading).data]
    assert shares == pytest.approx([1, 1])
    assert "more than any of 4 shuffles" in words.null_story(reading)
    assert "no agreement beyond chance" in words.null_story(_reading(0.05, [0.1, -0.1, 0.0, 0.2]))
    assert "No correlation" in words.null_story(_reading(float("nan"), []))
    assert words.chance_level(_reading(0.1, [])) is None


def test_corners_of_the_triangle_are_the_bands():
    x, y = triangle(np.eye(3, dtype=np.float32))
    np.testing.assert_allclose(x, [0.5, 0, 1])
    np.testing.assert_allclose(y, [3**0.5 / 2, 0, 0])
    inside_x, inside_y = triangle(_shares(500))
    assert ((inside_y >= 0) & (inside_y <= 3**0.5 * np.minimum(inside_x, 1 - inside_x) + 1e-6)).all()


def test_flags_are_opposite_quarters():
    pairs = _pairs(4000)
    share = (pairs.kind > 0).mean()
    assert share == pytest.approx(2 * BY_CHANCE, abs=0.02)  # sides that know nothing of each other
    signal = pairs.where("image-signal")
    assert (pairs.apart[signal] > 0).all()
    widest = pairs.widest(signal, 20)
    np.testing.assert_array_equal(pairs.apart[widest], np.sort(pairs.apart[signal])[::-1][:20])
    assert sorted(pairs.widest(signal, 10_000).tolist()) == signal.tolist()
    assert (pairs.apart[pairs.where("text-signal")] < 0).all()
    assert len(pairs.where("all")) == 4000
    same = pair_energies(pairs.images, pairs.texts, pairs.image, pairs.image)
    assert not same.kind.any()


def test_energies_that_are_all_alike_or_unknown_flag_nobody():
    rows = np.arange(9)
    alike = np.full((9, 3), 1 / 3, np.float32)
    for image in (alike, np.full((9, 3), np.nan, np.float32)):
        pairs = pair_energies(rows, rows, image, alike)
        assert not pairs.kind.any()
        triangle_figure(pairs, np.zeros(9, bool), rows, n_images=9)


def test_triangles_draw_every_pair_once_and_ring_the_picked():
    pairs, picked = _pairs(), np.arange(400) < 5
    figure = triangle_figure(pairs, picked, shown_pairs(pairs, picked), n_images=1000)
    points = [trace for trace in figure.data if trace.customdata is not None]
    ids = np.concatenate([trace.customdata for trace in points])
    assert sorted(ids.tolist()) == [*range(400), *range(1000, 1400)]
    rings = [trace for trace in figure.data if trace.marker.symbol == "circle-open"]
    assert [len(ring.x) for ring in rings] == [5, 5]


def test_of_many_pairs_the_picked_and_flagged_are_drawn_first():
    pairs = _pairs(30_000)
    picked = np.zeros(30_000, bool)
    picked[[11, 17_003]] = True
    shown = shown_pairs(pairs, picked)
    assert len(shown) <= 6_000
    assert len(set(shown.tolist())) == len(shown)
    flagged = (pairs.kind[shown] > 0).mean()
    assert flagged > 2 * (pairs.kind > 0).mean()


def test_a_map_holds_each_point_once_by_its_id_and_fits_the_wire():
    count = 100_000
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(count, 2)).astype(np.float32)
    ids = np.arange(count, dtype=np.int32)
    for colours in (
        maps.Colours(title="strong energy", numbers=rng.random(count).astype(np.float32)),
        maps.Colours(title="style", kinds=tuple("abcde"), kind=(ids % 5).astype(np.int8)),
    ):
        shown = maps.shown_points(flat)
        figure = map_figure(flat, ids, colours, shown, kind="PCA", n_images=count // 2)
        assert sorted(np.concatenate([t.customdata for t in figure.data]).tolist()) == ids.tolist()
        assert len(figure.to_json()) <= 2_500_000
        picked = np.zeros(count, bool)
        picked[::5] = True
        marked = map_figure(flat, ids, colours, shown, kind="PCA", picked=picked, n_images=count // 2)
        assert sum(len(trace.selectedpoints) for trace in marked.data) == 20_000
        assert len(marked.to_json()) <= 2_500_000


def test_a_saved_figure_of_more_is_a_sample_over_the_density():
    flat = np.random.default_rng(0).normal(size=(maps.MOST_POINTS + 1, 2)).astype(np.float32)
    shown = maps.shown_points(flat)
    assert shown.is_density
    assert len(shown.points) == maps.SAVED_POINTS
    counts, x, y = maps.density(flat)
    assert counts.sum() == len(flat)
    colours = maps.Colours(title="strong energy", numbers=np.zeros(len(flat), np.float32))
    ids = np.arange(len(flat), dtype=np.int32)
    figure = map_figure(flat, ids, colours, shown, kind="PCA", grid=(counts, x, y))
    assert [trace.type for trace in figure.data] == ["heatmap", "scattergl"]
    assert len(figure.to_json()) < 2_500_000


def test_the_browser_gets_places_colours_and_marks_of_all_points():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(1_000, 2)).astype(np.float32)
    numbers = rng.random(1_000).astype(np.float32)
    numbers[3] = np.nan
    picked = np.zeros(1_000, bool)
    picked[[0, 9, 999]] = True
    sent = point_data(flat, maps.Colours(title="strong energy", numbers=numbers), picked)
    places = np.frombuffer(base64.b64decode(sent["places"]["base64"]), "<u2").reshape(2, -1).T / 65535
    low, high = flat.min(axis=0), flat.max(axis=0)
    np.testing.assert_allclose(places * (high - low) + low, flat, atol=float((high - low).max()) / 65535)
    colours = np.frombuffer(base64.b64decode(sent["colours"]["base64"]), np.uint8)
    assert len(sent["colours"]["palette"]) == 256
    assert colours[3] == 255  # not known
    assert (np.argsort(colours[4:], kind="stable")[-1] == np.argmax(numbers[4:])) or colours.max() == 255
    marks = np.frombuffer(base64.b64decode(sent["picked"]["base64"]), np.uint8)
    assert np.flatnonzero(np.unpackbits(marks, bitorder="little")[:1_000]).tolist() == [0, 9, 999]
    kinds = maps.Colours(title="style", kinds=("a", "b"), kind=np.array([0, 1] * 500, np.int8))
    other = point_data(flat, kinds, None)
    assert other["places"]["of"] == sent["places"]["of"]
    assert [name for name, _ in other["legend"]["kinds"]] == ["a", "b"]
    assert other["picked"]["count"] == 0


def test_colours_are_steps_between_the_least_and_the_most():
    flat, ids = np.zeros((4, 2), np.float32), np.arange(4, dtype=np.int32)
    numbers = np.array([0.0, 0.2, 0.4, np.nan], np.float32)
    for title, ends in (("strong energy", ["0%", "40%"]), ("year", ["0", "0.4"])):
        colours = maps.Colours(title=title, numbers=numbers)
        [trace] = map_figure(flat, ids, colours, maps.shown_points(flat), kind="PCA").data
        assert trace.marker.color.tolist() == [0, 127, 254, 0]
        assert [trace.marker.colorbar.ticktext[i] for i in (0, -1)] == ends


@pytest.mark.parametrize("flat", [np.zeros((1, 2)), np.zeros((3, 2)), np.array([[0.0, 0], [1, 0]])])
def test_a_map_without_extent_has_axes(flat):
    colours = maps.Colours(title="strong energy", numbers=np.full(len(flat), np.nan, np.float32))
    shown = maps.shown_points(flat.astype(np.float32))
    figure = map_figure(
        flat.astype(np.float32), np.arange(len(flat), dtype=np.int32), colours, shown, kind="PCA"
    )
    for ends in (figure.layout.xaxis.range, figure.layout.yaxis.range):
        assert ends[0] < ends[1]
    json.loads(figure.to_json())


def _shared_captions() -> EmbeddingSet:
    rng = np.random.default_rng(0)
    made = EmbeddingSet.from_arrays(
        rng.normal(size=(4, 3)),
        rng.normal(size=(3, 3)),
        [[0, 0], [0, 1], [1, 2], [2, 2]],
        captions=list("abc"),
    )
    colour = np.array(["red", "blue", "red", "green"])
    return EmbeddingSet(
        image=made.image, text=made.text, links=made.links, image_ids=made.image_ids, captions=made.captions,
        metadata={"colour": colour, "id": np.array(list("wxyz")), "year": np.arange(4) + 2000},
    )  # fmt: skip


def test_points_lead_to_pictures_and_back():
    made = _shared_captions()
    rows = maps.map_rows(made, "both")
    assert maps.ids_of(made, rows).tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert maps.pictures_of(made, [3]).tolist() == [3]
    assert maps.pictures_of(made, [4]).tolist() == [0, 1]  # a caption brings all its pictures
    assert maps.pictures_of(made, [2, 6, -1, 99]).tolist() == [2]
    assert maps.points_of(made, rows, [2]).tolist() == [False, False, True, False, False, True, True]
    assert maps.vectors_of(made, rows).shape == (7, 3)


def test_captions_take_the_colour_of_their_first_picture():
    made = _shared_captions()
    assert maps.columns_of(made) == ("colour", "id", "year")
    found = maps.column_colours(made, maps.map_rows(made, "both"), "colour")
    assert [found.kinds[k] for k in found.kind] == ["red", "blue", "red", "green", "red", "red", "red"]
    few = maps.column_colours(made, maps.map_rows(made, "text"), "year")
    assert [few.kinds[k] for k in few.kind] == ["2000", "2002", "2002"]


def test_a_column_of_many_values_names_the_largest_and_a_column_of_numbers_has_a_bar():
    count = 300
    x = np.random.default_rng(0).normal(size=(count, 3))
    made = EmbeddingSet.from_arrays(x, x)
    kinds = np.array([f"k{int(v)}" for v in np.sqrt(np.arange(count))])
    made = EmbeddingSet(
        image=made.image, text=made.text, links=made.links, image_ids=made.image_ids, captions=made.captions,
        metadata={"kind": kinds, "size": np.arange(count) / 7, "id": np.arange(count).astype(str)},
    )  # fmt: skip
    assert maps.columns_of(made) == ("kind", "size")
    found = maps.column_colours(made, maps.map_rows(made, "image"), "kind")
    assert len(found.kinds) == maps.MOST_KINDS
    assert found.kinds[-1] == maps.OTHERS
    assert (found.kind == len(found.kinds) - 1).sum() == count - sum((kinds == k).sum() for k in found.kinds)
    np.testing.assert_allclose(
        maps.column_colours(made, maps.map_rows(made, "image"), "size").numbers,
        made.metadata["size"],
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    ("limit", "of"), [(10, "both"), (11, "both"), (5, "image"), (5, "text"), (None, "both")]
)
def test_samples_of_a_map_hold_as_many_as_they_say(limit, of):
    made = spiked(n_pairs=40)
    rows = maps.map_rows(made, of, limit)
    assert len(rows) == (limit or 80)
    assert rows.is_sample == (limit is not None)
    if of == "both":
        assert abs(len(rows.images) - len(rows.texts)) <= 1


def test_the_composition_is_the_mean_of_the_picked():
    made = spiked(n_pairs=20)
    image, text = _shares(20), _shares(20, seed=1)
    found = composition(made, [2, 5], image, text)
    np.testing.assert_allclose(found.image, image[[2, 5]].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.text_all, text.mean(axis=0), rtol=1e-6)
    totals = np.sum([trace.x for trace in composition_figure(found).data], axis=0)
    np.testing.assert_allclose(totals, 1, rtol=1e-5)
    rows = pair_rows(made, [2, 5], image, np.full_like(text, np.nan))
    assert rows[0]["image strong"] == pytest.approx(float(image[2, 0]), abs=1e-6)
    assert rows[0]["text strong"] is None
    assert "2 of 20 pictures" in words.pick_story(found, 2, 20)


def test_axes_of_a_cross_spectrum_differ_between_the_modalities():
    _, axes, _ = _table("cross")
    assert isinstance(axes, Axes)
    assert axes.image is not axes.text

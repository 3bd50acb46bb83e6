"""The fifth part: methods learn, wrong captions are as many as said, sealed sets hold nothing that is known."""

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

import sde_core as sde
from benchmarks.evidence import rivals, verify
from benchmarks.evidence.evaluation import Hits, part_hits
from benchmarks.evidence.fifth_methods import CONFIGS, FIFTH
from benchmarks.evidence.fifth_settings import SETTINGS, with_wrong_captions
from benchmarks.evidence.kept import kept_cells
from benchmarks.evidence.regimes import Part
from benchmarks.evidence.sealed import icon_pictures, split_of, stamp_pictures, style_pictures, svg_style
from benchmarks.evidence.training import train

KNOBS = {
    "rate": 4e-3,
    "decay": 0.1,
    "steps": 24,
    "batch": 64,
    "dropout": 0.25,
    "temperature": 0.08,
    "width": 32,
}


def _trained(corpus, features, method, **changes):
    knobs = KNOBS | {knob: ladder.start for knob, ladder in FIFTH[method].own.items()} | changes
    return train(corpus, features, np.arange(160), method=method, knobs=knobs, seed=3, methods=FIFTH)


@pytest.mark.parametrize("method", FIFTH)
def test_every_method_learns(corpus, features, method):
    after, before = _trained(corpus, features, method), _trained(corpus, features, "infonce", steps=0)
    assert after.image(features.image[:2]).shape[1] == KNOBS["width"]
    part = Part(rows=np.arange(160, 200))
    scores = [part_hits(corpus, features, one, part).score for one in (after, before)]
    assert scores[0] > scores[1] + 0.05


def test_a_training_repeats_to_the_bit(corpus, features):
    first, second = (
        torch.cat([p.flatten() for p in _trained(corpus, features, "spectral", steps=4).model.parameters()])
        for _ in range(2)
    )
    assert torch.equal(first, second)


def test_no_two_methods_are_one_configuration():
    found = [
        CONFIGS[name]({knob: ladder.start for knob, ladder in FIFTH[name].own.items()}) for name in CONFIGS
    ]
    assert all(one not in found[:i] for i, one in enumerate(found))


def test_as_many_captions_are_wrong_as_the_setting_says(corpus):
    rows = np.arange(0, 200, 2)
    wrong = with_wrong_captions(corpus, rows, 0.4, seed=1)

    def captions(one, image):
        return tuple(one.links[one.links[:, 1] == image, 0].tolist())

    other = [image for image in range(240) if captions(wrong, image) != captions(corpus, image)]
    assert set(other) <= set(rows.tolist())  # nothing outside is touched: not validation, not the test
    assert 36 <= len(other) <= 40  # two pictures of one caption may have changed places
    assert sorted(wrong.links[:, 0].tolist()).count(0) == sorted(corpus.links[:, 0].tolist()).count(0)
    again = with_wrong_captions(corpus, rows, 0.4, seed=1)
    assert np.array_equal(wrong.links, again.links)


def test_a_pair_in_one_place_and_centroids_apart_cost_least():
    x = functional.normalize(torch.randn(12, 8, generator=torch.Generator().manual_seed(0)), dim=1)
    y = functional.normalize(torch.randn(12, 8, generator=torch.Generator().manual_seed(1)), dim=1)
    centre = functional.normalize(x + y, dim=1)
    apart = torch.pdist(centre).square()
    expected = (x - y).square().sum(1).mean() + torch.log(torch.exp(-2 * apart).mean())
    torch.testing.assert_close(rivals.pairs_and_centroids(x, y), expected)
    assert rivals.pairs_and_centroids(x, x) < rivals.pairs_and_centroids(x, y)


def test_the_divergence_is_zero_between_equal_clouds_and_has_its_closed_form_for_two_points():
    x = functional.normalize(torch.randn(20, 6, generator=torch.Generator().manual_seed(0)), dim=1).double()
    assert float(rivals.cauchy_schwarz(x, x.flip(0), bandwidth=0.5)) == pytest.approx(0, abs=1e-12)
    a, b = torch.eye(2)[:1].double(), torch.eye(2)[1:].double()
    assert float(rivals.cauchy_schwarz(a, b, bandwidth=0.5)) == pytest.approx(2 * 2 / (2 * 0.25))
    assert float(rivals.cauchy_schwarz(x, -x, bandwidth=0.5)) > 0


def test_matryoshka_is_the_loss_of_all_and_the_mean_of_its_prefixes():
    base = sde.losses.DuplicateAwareLoss("infonce")
    x, y = (
        functional.normalize(torch.randn(10, 16, generator=torch.Generator().manual_seed(i)), dim=1)
        for i in (0, 1)
    )
    scale = torch.tensor(5.0)
    short = [base(*(functional.normalize(z[:, :n], dim=1) for z in (x, y)), scale) for n in (8, 4, 2)]
    expected = base(x, y, scale) + 0.3 * sum(short) / 3
    torch.testing.assert_close(rivals.Matryoshka(base, 0.3)(x, y, scale), expected)


def test_stamps_are_read_with_their_first_line_and_letters_are_left_out(tmp_path):
    for name, words in (
        ("animals/cat.png", "A cat.\nde.utf8=Eine Katze.\n"),
        ("symbols/a.png", "The letter a.\n"),
        ("town/none.png", None),
        ("food/empty.png", "\nde.utf8=Nichts\n"),
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGBA", (30, 20), (200, 0, 0, 128)).save(path)
        if words is not None:
            path.with_suffix(".txt").write_text(words, "utf-8")
    (found,) = stamp_pictures(tmp_path)
    assert (found.key, found.captions) == ("stamps/animals/cat.png", ("A cat.",))
    assert found.image().size == (96, 96)
    assert found.image().getpixel((0, 0)) == (255, 255, 255)  # on white, whole and centred
    assert {split_of(f"caption {i}") for i in range(50)} == {"train", "val", "test"}
    assert split_of("A cat.") == split_of("a cat")


def test_a_style_draws_each_emoji_of_the_test_part_once(corpus, tmp_path):
    pytest.importorskip("resvg_py")
    code = corpus.pictures[0].metadata["hexcode"].lower()
    body = '<rect width="10" height="10" fill="red"/>'
    (tmp_path / "chars.json").write_text(json.dumps({code.replace("-fe0f", ""): "one"}))
    icons = {"width": 10, "height": 10, "icons": {"one": {"body": body}, "two-words": {"body": body}}}
    (tmp_path / "icons.json").write_text(json.dumps(icons))
    found = list(style_pictures("other", corpus.pictures, svg_style(tmp_path)))
    assert [p.captions for p in found] == [corpus.pictures[0].captions]
    assert found[0].image().getpixel((48, 48)) == (255, 0, 0)
    (tmp_path / "chars.json").write_text("{}")  # a package without hexcodes is asked by name
    name = "-".join(corpus.pictures[0].metadata["concept"].lower().replace(":", "").split())
    named = {**icons, "icons": {name: {"body": body}}}
    (tmp_path / "icons.json").write_text(json.dumps(named))
    assert len(list(style_pictures("other", corpus.pictures, svg_style(tmp_path)))) == 1
    (tmp_path / "icons.json").write_text(json.dumps(icons))
    assert [p.captions for p in icon_pictures(tmp_path)] == [("one",), ("two words",)]


def test_kept_trainings_are_compared_with_what_they_give_again(monkeypatch, tmp_path):
    cells = [cell for cell, _ in kept_cells() if cell["stage"] in ("tune", "final")]
    assert len(cells) > 1_000
    hits = Hits(np.array([3, 0], np.uint8), np.array([1], np.uint8))
    cell = {"stage": "final", "regime": "styles", "towers": "x", "method": "sde", "seed": 0}
    kept = {"val": 0.25, "parts": {"id": hits.packed()}}
    for again, verdict, apart in (
        (kept, "the same", 0.0),
        ({"val": 0.25, "parts": {"id": Hits(hits.image, np.array([3], np.uint8)).packed()}}, "differs", 2.0),
    ):
        monkeypatch.setattr(verify, "_again", lambda work, cell, again=again: again)
        ((line, found),) = verify.compared(tmp_path, [(cell, kept)])
        assert verdict in line
        assert math.isclose(found, apart / 3 if apart else 0.0)


def test_settings_have_names_of_their_own():
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)

"""`sde layers`: the same numbers as the library's, as a table and as JSON."""

import json

import pytest
from PIL import Image

import sde_core as sde
from sde_core.cli.main import main


@pytest.fixture
def folder(tmp_path):
    for i in range(12):
        Image.new("RGB", (32, 32), (20 * i, 99, 200 - 15 * i)).save(tmp_path / f"{i:02d}.png")
        (tmp_path / f"{i:02d}.txt").write_text(f"a square number {i}")
    return tmp_path


def test_json_holds_the_numbers_of_the_library_and_the_table_shows_them(folder, tiny_encoder_folder, capsys):
    words = ["layers", str(folder), "--model", str(tiny_encoder_folder), "--permutations", "9", "--quiet"]
    assert main([*words, "--rows", "10", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    encoder = sde.load_encoder(str(tiny_encoder_folder))
    found = sde.read_layers(encoder, sde.open_pairs(str(folder)), n_sampled=10, n_permutations=9)
    assert (told["items"], told["sampled"]) == (12, 10)
    assert [layer["name"] for layer in told["image"]] == [layer.name for layer in found.image]
    for number, layer in enumerate(found.text):
        assert told["text"][number]["effective_rank"] == pytest.approx(layer.effective_rank, rel=1e-4)
        assert told["text"][number]["shared"] == pytest.approx(layer.shared, rel=1e-4)
        assert told["text"][number]["cka"] == told["agreement"]["cka"][-1][number]
    assert told["agreement"]["cka"][0][1] == pytest.approx(float(found.agreement.values[0, 1]), abs=1e-4)
    assert told["agreement"]["best"] == list(found.agreement.best)
    assert main([*words, "--limit", "9"]) == 0
    shown = capsys.readouterr().out
    assert "text layers of 9 items" in shown
    assert "Most alike: image" in shown
    assert main([*words, "--limit", "3"]) == 2
    assert "limit must be at least 8; got 3" in capsys.readouterr().err

"""Names of directions: what was planted is what they say, chance names nothing."""

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.knowledge import band_knowledge, direction_names, set_columns, word_column
from sde_core.knowledge.names import NOTHING, renamed


def axes(x):
    mean = x.mean(axis=0)
    return sde.Spectrum(
        singular_values=torch.from_numpy(np.linalg.norm(x - mean, axis=0)),
        basis=torch.eye(x.shape[1], dtype=torch.float64),
        mean=torch.from_numpy(mean),
        n_samples=len(x),
        n_features=x.shape[1],
        route="gram",
    )


@pytest.fixture(scope="module")
def planted():
    rng = np.random.default_rng(0)
    n = 1500
    kind = rng.choice(["cat", "dog", "car"], n)
    has_hat = rng.random(n) < 0.2
    size = rng.normal(size=n)
    x = rng.normal(size=(n, 6)) * np.linspace(6, 1, 6)
    x[:, 0] += 9 * (kind == "dog") - 9 * (kind == "car")
    x[:, 2] -= 6 * has_hat
    x[:, 4] -= 2 * size
    found = sde.EmbeddingSet.from_arrays(
        x.astype(np.float64),
        x,
        captions=[f"a thing {i}{' with hat' if h else ''}" for i, h in enumerate(has_hat)],
    )
    columns = {"kind": kind, "size": size, "hat": word_column(found, "hat", "image")}
    return found, columns, axes(found.image)


def test_a_name_is_what_was_planted_with_its_sign(planted):
    found, columns, spectrum = planted
    names = direction_names(band_knowledge(found, columns, spectrum=spectrum))
    assert (names[0].plus, names[0].minus) == (("dog",), ("car",))
    assert (names[2].plus, names[2].minus) == ((), ("hat",))
    [(name, share)] = names[4].numbers
    assert name == "size"
    assert share == pytest.approx(-0.5, abs=0.05)  # of 4 parts size and 4 parts noise
    assert str(names[2]) == "− hat"
    assert [str(names[j]) for j in (1, 3, 5)] == [NOTHING] * 3


def test_signs_follow_the_direction(planted):
    found, columns, spectrum = planted
    turned = sde.Spectrum(
        singular_values=spectrum.singular_values,
        basis=-spectrum.basis,
        mean=spectrum.mean,
        n_samples=spectrum.n_samples,
        n_features=spectrum.n_features,
        route="gram",
    )
    names = direction_names(band_knowledge(found, columns, spectrum=turned))
    assert (names[0].plus, names[0].minus) == (("car",), ("dog",))
    assert names[4].numbers[0][1] == pytest.approx(0.5, abs=0.05)


def test_effects_are_distances_of_means_in_standard_deviations(planted):
    found, columns, spectrum = planted
    column = band_knowledge(found, columns, spectrum=spectrum)["kind"]
    z = found.image[:, 0]
    row = column.values.index("dog")
    mine = columns["kind"] == "dog"
    far = (z[mine].mean() - z.mean()) / z.std() - 2 / np.sqrt(mine.sum())
    assert float(column.effect[row, 0]) == pytest.approx(far, rel=1e-5)
    size = band_knowledge(found, columns, spectrum=spectrum)["size"]
    assert float(size.effect[0, 4]) == pytest.approx(np.corrcoef(found.image[:, 4], columns["size"])[0, 1])


def test_chance_names_nothing_in_95_of_100_sets_of_columns(planted):
    found, columns, spectrum = planted
    rng = np.random.default_rng(1)
    asked = {}
    for trial in range(200):
        order = rng.permutation(len(columns["kind"]))
        asked[f"kind {trial}"] = columns["kind"][order]
    known = band_knowledge(found, asked, spectrum=spectrum, n_resamples=0)
    said = 0
    for column in known.columns:
        one = sde.BandKnowledge(
            side=known.side,
            columns=(column,),
            labels=known.labels,
            singular_values=known.singular_values,
            rule=known.rule,
        )
        said += any(str(name) != NOTHING for name in direction_names(one))
    assert said / 200 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)  # two standard errors of 200 trials


def test_names_are_made_of_several_results_and_people_can_give_others(planted):
    found, columns, spectrum = planted
    one = band_knowledge(found, {"kind": columns["kind"]}, spectrum=spectrum)
    more = band_knowledge(found, {"size": columns["size"]}, spectrum=spectrum)
    names = direction_names(one, more)
    assert names[0].plus == ("dog",)
    assert names[4].numbers[0][0] == "size"
    assert str(renamed(names, {1: "pets"})[0]) == "pets"
    with pytest.raises(sde.DataError, match="got nothing"):
        direction_names()
    with pytest.raises(sde.DataError, match="same directions"):
        direction_names(one, band_knowledge(found, {"kind": columns["kind"]}, side="text", spectrum=spectrum))


def test_effects_are_saved_and_files_without_them_are_read(planted, tmp_path):
    found, columns, spectrum = planted
    known = band_knowledge(found, columns, spectrum=spectrum)
    known.save(tmp_path / "k.safetensors")
    again = sde.BandKnowledge.load(tmp_path / "k.safetensors")
    assert direction_names(again) == direction_names(known)
    from sde_core.files.tensor_file import read_tensors, write_tensors

    tensors, header = read_tensors(tmp_path / "k.safetensors", kind="sde.band_knowledge", writer="it")
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith("effect")}
    header = {name: text.replace('"values"', '"old"') for name, text in header.items() if name != "kind"}
    header["columns"] = (
        '[{"name": "kind", "kind": "category", "n_values": 3, "n_rows": 9, "n_gaps": 0, "reason": ""}]'
    )
    write_tensors(tmp_path / "old.safetensors", kept, kind="sde.band_knowledge", header=header)
    old = sde.BandKnowledge.load(tmp_path / "old.safetensors")
    assert [str(name) for name in direction_names(old)] == [NOTHING] * 6


def test_the_first_directions_of_the_emoji():
    emoji = open_named("emoji")
    columns = set_columns(emoji, images=False, n_words=40)
    names = direction_names(band_knowledge(emoji, columns, n_resamples=0))
    ends = {*names[0].plus, *names[0].minus}
    assert {"person", "country-flag"} <= ends
    assert len({name.number for name in names}) == 192

"""One class holds what is done to both modalities, however it was made."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.shaping.transform import AffineMap
from tests.sde_core.treatments.clouds import cloud


@pytest.fixture
def toy_set():
    rng = np.random.default_rng(5)
    image, text = (rng.normal(size=(30, 8)).astype(np.float32) for _ in range(2))
    return sde.EmbeddingSet.from_arrays(image, text, np.arange(30), name="toy")


def test_former_names_and_keywords_are_this_class(toy_set):
    assert sde.Baseline is sde.SavedTreatment is sde.Treatment
    maps = [sde.fit_mean_shift(rows) for rows in (toy_set.image, toy_set.text)]
    row = sde.Baseline(name="mine", image_map=maps[0], text_map=maps[1])
    saved = sde.SavedTreatment(image=maps[0], text=maps[1], facts={"kind": "prune", "label": "pruned"})
    assert (row.name, saved.name) == ("mine", "sde-pruned")
    assert [row.image, row.text] == [saved.image, saved.text] == maps


@pytest.mark.parametrize("name", ["mean-shift", "whitening", "sde-enhanced", "sde-pruned"])
def test_every_treatment_of_vectors_can_be_saved_and_applied(name, toy_set, tmp_path):
    made = next(t for t in sde.fit_all(toy_set.image, toy_set.text) if t.name == name)
    loaded = sde.load_treatment(made.save(tmp_path / "maps"))
    assert (loaded.name, loaded.facts) == (name, made.facts)
    treated = loaded(toy_set)
    for rows, mapped in zip(
        (treated.image, treated.text), made.mapped(toy_set.image, toy_set.text), strict=True
    ):
        np.testing.assert_array_equal(rows, mapped)
    assert treated.provenance.transform == made.facts["label"]
    links = toy_set.links
    for way in ("image_retrieval", "text_retrieval"):
        before, after = (getattr(t.ranks(toy_set.image, toy_set.text, links), way) for t in (made, loaded))
        np.testing.assert_array_equal(before.best_rank, after.best_rank)


def test_a_save_that_is_cut_off_is_not_read_and_the_next_one_is_whole(toy_set, tmp_path, monkeypatch):
    folder, save = tmp_path / "maps", AffineMap.save
    first, second = (
        sde.fit_baseline(name, toy_set.image, toy_set.text) for name in ("mean-shift", "whitening")
    )

    def cut_off(self, path):
        if path.name == "text.safetensors":
            raise KeyboardInterrupt
        return save(self, path)

    for there in (None, first):
        if there is not None:
            there.save(folder)
            (folder / "notes.md").write_text("mine")
        with monkeypatch.context() as patched:
            patched.setattr(AffineMap, "save", cut_off)
            with pytest.raises(KeyboardInterrupt):
                second.save(folder)
        with pytest.raises(sde.DataError, match="was not saved to its end; fit the transform again"):
            sde.load_treatment(folder)
    second.save(folder)
    assert sde.load_treatment(folder).name == "whitening"
    assert (folder / "notes.md").read_text() == "mine"
    assert {path.name for path in folder.iterdir()} == {
        "image.safetensors", "notes.md", "text.safetensors", "transform.json",
    }  # fmt: skip


def test_the_working_folder_takes_one_and_stays(toy_set, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mean-shift", "whitening"):
        sde.fit_baseline(name, toy_set.image, toy_set.text).save(".")
        assert sde.load_treatment(Path.cwd()).name == name
    Path("beside").mkdir()
    assert (tmp_path / "beside").exists()


def test_a_folder_of_an_earlier_version_opens(toy_set, tmp_path):
    digests = {}
    for modality in ("image", "text"):
        file = tmp_path / f"{modality}.safetensors"
        gains = torch.linspace(1, 0, 8)
        sde.SpectralTransform.fit(sde.compute_spectrum(getattr(toy_set, modality)), gains).save(file)
        digests[modality] = hashlib.sha256(file.read_bytes()).hexdigest()
    facts = {"format": 1, "kind": "enhance", "label": "sde-enhanced of toy", "sha256": digests}
    (tmp_path / "transform.json").write_text(json.dumps(facts))
    assert sde.load_treatment(tmp_path)(toy_set).provenance.transform == "sde-enhanced of toy"


def test_one_that_corrects_scores_is_no_map(toy_set, tmp_path):
    csls = sde.fit_baseline("csls", toy_set.image, toy_set.text)
    assert not csls.moves
    assert all(torch.equal(a, torch.tensor(b)) for a, b in zip(
        csls.mapped(toy_set.image, toy_set.text), (toy_set.image, toy_set.text), strict=True
    ))  # fmt: skip
    for use in (csls, lambda made: csls.save(tmp_path / "maps")):
        with pytest.raises(sde.ConfigError, match="csls corrects scores, not vectors"):
            use(toy_set)
    with pytest.raises(sde.ConfigError, match="image_map must be a fitted AffineMap"):
        sde.Treatment(name="raw").save(tmp_path / "maps")


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    sde.compute_spectrum(cloud()).save(path)
    with pytest.raises(sde.DataError, match=r"LinearMap\.save"):
        sde.LinearMap.load(path)
    with pytest.raises(sde.DataError, match="cannot read"):
        sde.LinearMap.load(tmp_path / "missing")
    path.write_text("no safetensors")
    with pytest.raises(sde.DataError, match="cannot read"):
        sde.LinearMap.load(path)


@pytest.mark.parametrize("digest", ["0" * 64, "f" * 64])
def test_a_file_that_was_changed_is_refused(digest, toy_set, tmp_path):
    made = next(t for t in sde.fit_all(toy_set.image, toy_set.text) if t.name == "mean-shift")
    facts = made.save(tmp_path / "maps") / "transform.json"
    told = json.loads(facts.read_text())
    facts.write_text(json.dumps(told | {"sha256": told["sha256"] | {"text": digest}}))
    with pytest.raises(sde.DataError, match=r"text\.safetensors is not the file that"):
        sde.load_treatment(facts.parent)

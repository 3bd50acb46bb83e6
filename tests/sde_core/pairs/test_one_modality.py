"""Sets of pictures only and of captions only, in every format that can hold one."""

import json
import tarfile

import numpy as np
import pytest

import sde_core as sde
from sde_core.report.inspection import check_path
from tests.fixtures import picture_bytes


def test_a_table_of_captions_is_a_set_and_says_what_it_did_not_find(tmp_path):
    (tmp_path / "t.csv").write_text("text,lang\na cat,en\n,en\nein Hund,de\n")
    for path in (tmp_path / "t.csv", tmp_path):  # the file, or its folder
        pairs = sde.open_pairs(path)
        assert pairs.modalities == ("text",)
        assert [(p.id, p.captions, dict(p.metadata)) for p in pairs] == [
            ("2", ("a cat",), {"lang": "en"}),
            ("4", ("ein Hund",), {"lang": "de"}),
        ]
        assert [s.reason for s in pairs.skipped] == ["no caption, or an empty one"]
        assert pairs.find("4").captions == ("ein Hund",)
        assert pairs.remarks == (
            "No column of pictures was recognised among 'text', 'lang': opened as captions only. Rename one to "
            "filepath if it holds pictures.",
        )
        with pytest.raises(sde.DataError, match="holds captions only"):
            pairs.find("2").read_image()


def test_a_table_of_pictures_is_a_set(tmp_path):
    (tmp_path / "a.webp").write_bytes(picture_bytes())
    (tmp_path / "t.jsonl").write_text('{"file_name": "a.webp", "style": "flat"}\n{"file_name": "b.webp"}\n')
    pairs = sde.open_pairs(tmp_path)
    assert (pairs.modalities, [p.id for p in pairs]) == (("image",), ["a.webp"])
    assert next(iter(pairs)).read_image() == picture_bytes()
    assert "No column of captions" in pairs.remarks[0]
    assert len(pairs.skipped) == 1


def test_a_whole_table_goes_before_one_of_one_modality(tmp_path):
    (tmp_path / "a.webp").write_bytes(picture_bytes())
    (tmp_path / "captions.csv").write_text("filepath,title\na.webp,one\n")
    (tmp_path / "words.csv").write_text("text\nnot this\n")
    assert [p.captions for p in sde.open_pairs(tmp_path)] == [("one",)]


def test_json_beside_pictures_without_a_caption_is_no_caption(tmp_path):
    """As img2dataset writes it without captions; with one somewhere the others lack theirs."""
    for i in range(3):
        (tmp_path / f"{i}.webp").write_bytes(picture_bytes())
        (tmp_path / f"{i}.json").write_text(json.dumps({"caption": None, "number": i}))
    pairs = sde.open_pairs(tmp_path)
    assert pairs.modalities == ("image",)
    assert [p.metadata["number"] for p in pairs] == [0, 1, 2]
    (tmp_path / "1.json").write_text(json.dumps({"caption": "one"}))
    assert [p.captions for p in sde.open_pairs(tmp_path)] == [("one",)]


@pytest.mark.parametrize("packed", [False, True])
def test_texts_of_a_json_that_are_not_known_as_captions_are_named(tmp_path, packed):
    """As generators of pictures leave it: captions under "prompt", which vanished without a word."""
    folder = tmp_path / "set"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.webp").write_bytes(picture_bytes())
        (folder / f"{i}.json").write_text(json.dumps({"prompt": f"a cat {i}", "steps": 20}))
    if packed:
        with tarfile.open(tmp_path / "a.tar", "w") as shard:
            for file in sorted(folder.iterdir()):
                shard.add(file, file.name)
    pairs = sde.open_pairs(tmp_path / "a.tar" if packed else folder)
    assert [p.metadata["prompt"] for p in pairs] == ["a cat 0", "a cat 1", "a cat 2"]
    assert pairs.remarks == (
        "No field of captions was recognised among 'prompt': opened as pictures only. Rename one to caption if it "
        "holds captions.",
    )


def test_captions_alone_are_encoded_saved_and_checked(tmp_path, tiny_encoder_folder):
    rows = [f'{{"caption": ["word {i}", "same"], "number": {i}}}\n' for i in range(4)]
    (tmp_path / "t.jsonl").write_text("".join(rows))
    encoder = sde.load_encoder(tiny_encoder_folder, device="cpu")
    made = sde.encode_pairs(encoder, sde.open_pairs(tmp_path / "t.jsonl"))
    assert made.modalities == ("text",)
    assert made.captions == ("word 0", "same", "word 1", "word 2", "word 3")
    assert made.metadata["number"].tolist() == [0, 0, 1, 2, 3]
    np.testing.assert_allclose(made.text, encoder.encode_texts(made.captions), atol=1e-6)
    again = sde.EmbeddingSet.load(made.save(tmp_path / "set"))
    assert again.fingerprint == made.fingerprint
    report = check_path(tmp_path / "t.jsonl")
    assert (report.kind, report.modalities, report.n_texts) == ("pairs", ("text",), 5)

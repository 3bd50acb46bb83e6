from dataclasses import replace

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.classify.labels import encode_classes, labels_of, read_lines
from sde_core.errors import ConfigError, DataError


@pytest.fixture
def labelled():
    made = sde.EmbeddingSet.from_arrays(np.eye(4), np.eye(4), name="toy")
    columns = {
        "label": np.array([0, 2, 1, 2]),
        "kind": np.array(["b", "a", "b", "c"]),
        "one": np.array(["x"] * 4),
    }
    return replace(made, metadata=columns)


def test_numbers_count_classes_and_words_name_them(labelled):
    assert labels_of(labelled).numbers.tolist() == [0, 2, 1, 2]
    assert labels_of(labelled, names=["cat", "dog", "bird"]).names == ("cat", "dog", "bird")
    words = labels_of(labelled, "kind")
    assert (words.names, words.numbers.tolist()) == (("a", "b", "c"), [1, 0, 1, 2])
    assert labels_of(labelled, "kind", ["c", "b", "a"]).numbers.tolist() == [1, 2, 1, 0]


@pytest.mark.parametrize(
    ("column", "names", "match"),
    [
        ("colour", None, "there are: kind, label, one"),
        ("label", ["cat"], "a name for class 2"),
        ("kind", ["a", "b"], "'c' is not among them"),
        ("one", None, "at least two classes"),
    ],
)
def test_classes_that_do_not_fit_are_refused(labelled, column, names, match):
    with pytest.raises(DataError, match=match):
        labels_of(labelled, column, names)


def test_prompts_of_a_class_are_averaged(tiny_encoder_folder):
    encoder = sde.load_encoder(tiny_encoder_folder)
    seen = []
    made = encode_classes(
        encoder, ["a_cat", "dog"], ["{c}!", "the {}"], batch_size=3, progress=lambda *a: seen.append(a)
    )
    own = encoder.encode_texts(["a cat!", "the a cat"]).mean(dim=0)
    # Batches of another size change the order of float32 sums, nothing else.
    torch.testing.assert_close(made[0], own / own.norm(), rtol=0, atol=2e-6)
    assert seen == [("prompts", 3, 4), ("prompts", 4, 4)]
    with pytest.raises(ConfigError, match="where the name goes"):
        encode_classes(encoder, ["cat"], ["a photo"])


def test_lines_of_a_file(tmp_path):
    (tmp_path / "names.txt").write_text("\ufeffcat\n\n  dog \n", "utf-8")
    assert read_lines(tmp_path / "names.txt", "names") == ("cat", "dog")
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "empty.txt").write_text("\n")
    for name, match in (
        ("bad.txt", "UTF-8 text"),
        ("empty.txt", "at least one line"),
        ("no.txt", "UTF-8 text"),
    ):
        with pytest.raises(DataError, match=match):
            read_lines(tmp_path / name, "names")

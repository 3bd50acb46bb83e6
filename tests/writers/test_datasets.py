"""What the datasets package saves: typed columns, one split or several, pictures as bytes or as paths."""

import pytest
from PIL import Image

import sde_core as sde
from tests.writers.conftest import N_PICTURES, needed


@pytest.fixture
def made(pictures):
    """Return a data set of pictures with a class each."""
    datasets = needed("datasets")
    features = datasets.Features(
        image=datasets.Image(), label=datasets.ClassLabel(names=["a cat", "a dog"]), number=datasets.Value("int32")
    )  # fmt: skip
    rows = {
        "image": [{"bytes": content, "path": None} for content in pictures],
        "label": [i % 2 for i in range(N_PICTURES)],
        "number": list(range(N_PICTURES)),
    }
    return datasets.Dataset.from_dict(rows, features=features)


def test_a_class_label_is_the_caption(made, pictures, tmp_path):
    made.save_to_disk(tmp_path / "set")
    pairs = sde.open_pairs(tmp_path / "set")
    found = [(pair.captions, pair.metadata["label"], pair.read_image()) for pair in pairs]
    assert found == [((["a cat", "a dog"][i % 2],), i % 2, content) for i, content in enumerate(pictures)]
    assert pairs.classification is not None
    assert pairs.classification.classnames == ("a cat", "a dog")


def test_a_split_of_several_opens_by_its_path(made, tmp_path):
    datasets = needed("datasets")
    datasets.DatasetDict(train=made, test=made.select(range(2))).save_to_disk(tmp_path / "dict")
    with pytest.raises(sde.DataError, match="has 2 splits"):
        sde.open_pairs(tmp_path / "dict")
    assert len(sde.open_pairs(tmp_path / "dict" / "test")) == 2


def test_the_parquet_of_the_hub_opens_with_its_class_labels(made, tmp_path):
    made.to_parquet(tmp_path / "train-00000-of-00001.parquet")
    pairs = sde.open_pairs(tmp_path)
    assert [pair.captions for pair in pairs] == [(["a cat", "a dog"][i % 2],) for i in range(N_PICTURES)]


def test_pictures_as_paths_and_captions_in_lists(pictures, tmp_path):
    datasets = needed("datasets")
    for i, content in enumerate(pictures):
        (tmp_path / f"{i}.jpg").write_bytes(content)
    rows = {
        "image": [str(tmp_path / f"{i}.jpg") for i in range(N_PICTURES)],
        "captions": [[f"one {i}", f"two {i}"] for i in range(N_PICTURES)],
    }
    saved = datasets.Dataset.from_dict(rows).cast_column("image", datasets.Image())
    saved.save_to_disk(tmp_path / "set")
    pairs = sde.open_pairs(tmp_path / "set", image_root=tmp_path)
    assert [pair.captions for pair in pairs] == [(f"one {i}", f"two {i}") for i in range(N_PICTURES)]
    assert [pair.read_image() for pair in pairs] == pictures


def test_an_image_folder_of_classes_with_its_table(pictures, tmp_path):
    """The layout of `imagefolder`: metadata.jsonl names the pictures by `file_name`; load_dataset reads the same."""
    datasets = needed("datasets")
    lines = []
    for i, content in enumerate(pictures):
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / f"{i}.jpg").write_bytes(content)
        lines.append(f'{{"file_name": "{i}.jpg", "text": "caption {i}"}}\n')
    (tmp_path / "set" / "metadata.jsonl").write_text("".join(lines))
    theirs = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "set"), split="train", cache_dir=str(tmp_path / "cache")
    )
    ours = list(sde.open_pairs(tmp_path / "set"))
    assert [pair.captions for pair in ours] == [(row["text"],) for row in theirs]
    assert isinstance(theirs[0]["image"], Image.Image)

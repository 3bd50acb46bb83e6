"""Class labels of Hugging Face's tables stand for captions, by the names in the table's own description."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sde_core as sde
from tests.fixtures import picture_bytes


def _written(tmp_path, features, **columns):
    described = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    count = len(next(iter(columns.values())))
    table = pa.table({"image": [picture_bytes()] * count, **columns}).replace_schema_metadata(described)
    pq.write_table(table, tmp_path / "x.parquet")
    return tmp_path / "x.parquet"


LABEL = {"names": ["cat", "dog"], "_type": "ClassLabel"}


def test_the_class_is_the_caption_and_its_number_the_label(tmp_path):
    path = _written(tmp_path, {"fine": LABEL}, fine=[1, 0, -1, None, 2])
    pairs = sde.open_pairs(path)
    assert [(p.captions, p.metadata["label"]) for p in pairs] == [(("dog",), 1), (("cat",), 0)]
    assert [s.reason for s in pairs.skipped] == [
        f"its class {number} must be one of the 2 that the table names" for number in (-1, None, 2)
    ]
    assert pairs.classification.classnames == ("cat", "dog")
    assert (pairs.modalities, pairs.remarks) == (("image", "text"), ())


def test_captions_go_before_classes(tmp_path):
    pairs = sde.open_pairs(_written(tmp_path, {"label": LABEL}, label=[1], text=["a caption"]))
    assert [(p.captions, p.metadata["label"]) for p in pairs] == [(("a caption",), 1)]
    assert pairs.classification is None


@pytest.mark.parametrize(
    "features",
    [{"label": {"names": [], "_type": "ClassLabel"}}, {"label": {"names": [7], "_type": "ClassLabel"}}, [], None,
     {"label": {"_type": "ClassLabel"}}, {"other": LABEL}, {"label": {"names": ["a", " "], "_type": "ClassLabel"}}],
    ids=str,
)  # fmt: skip
def test_a_description_that_cannot_be_used_leaves_pictures_only(tmp_path, features):
    pairs = sde.open_pairs(_written(tmp_path, features, label=[0, 1]))
    assert pairs.modalities == ("image",)
    assert [p.metadata["label"] for p in pairs] == [0, 1]

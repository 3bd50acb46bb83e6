"""The bundled pairs are what their README says."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from data.pairs.recipe.manifest import make_manifest
from data.pairs.recipe.sample import Sample
from data.pairs.recipe.splits import assign_splits, normalized

PAIRS = Path(__file__).resolve().parents[2] / "data" / "pairs"
MANIFEST = json.loads((PAIRS / "MANIFEST.json").read_text())
SPLITS = ("train", "val", "test")


def _members(name: str, split: str) -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = {}
    with tarfile.open(PAIRS / name / f"{split}-000000.tar.gz") as archive:
        for member in archive:
            key, _, suffix = member.name.partition(".")
            found.setdefault(key, {})[suffix] = archive.extractfile(member).read()
    return found


@pytest.fixture(scope="module")
def content() -> dict[tuple[str, str], dict[str, dict[str, bytes]]]:
    return {(name, split): _members(name, split) for name in MANIFEST for split in SPLITS}


def test_the_manifest_is_what_the_shards_hold():
    assert make_manifest(PAIRS) == MANIFEST
    for name in MANIFEST:
        for shard, facts in MANIFEST[name]["shards"].items():
            assert hashlib.sha256((PAIRS / name / shard).read_bytes()).hexdigest() == facts["sha256"]


def test_the_readme_has_the_counts(capsys):
    from data.pairs.recipe.manifest import print_counts

    print_counts(MANIFEST)
    assert capsys.readouterr().out in (PAIRS / "README.md").read_text()


def test_every_sample_is_whole(content):
    for (name, split), samples in content.items():
        for key, members in samples.items():
            assert set(members) == {"webp", "txt", "json"}, key
            captions = members["txt"].decode().splitlines()
            assert captions, key
            assert all(c == c.strip() and c for c in captions)
            record = json.loads(members["json"])
            assert record["split"] == split
            assert {"concept", "group", "subgroup", "style", "source", "license"} <= set(record)
            assert len(captions) >= 2 or name == "clipart"
            with Image.open(io.BytesIO(members["webp"])) as picture:
                assert (picture.size, picture.format) == ((96, 96), "WEBP")


def test_no_caption_or_family_of_one_split_is_in_another(content):
    seen: dict[str, str] = {}
    for (_, split), samples in content.items():
        for members in samples.values():
            record = json.loads(members["json"])
            names = [normalized(c) for c in members["txt"].decode().splitlines()]
            names += [f"family {record['family']}"] if "family" in record else []
            for name in names:
                assert seen.setdefault(name, split) == split, name


def test_the_sets_are_large_enough_for_what_they_are_for():
    emoji, clipart = MANIFEST["emoji"]["splits"], MANIFEST["clipart"]["splits"]
    assert sum(s["pictures"] for s in emoji.values()) > 5_300
    assert sum(s["pictures"] for s in clipart.values()) > 2_100
    assert emoji["test"]["primary_captions"] + clipart["test"]["primary_captions"] > 600


def _sample(key: str, *captions: str, related: tuple[str, ...] = ()) -> Sample:
    return Sample(key=key, captions=list(captions), webp=b"", related=list(related))


def test_splits_follow_relations_and_not_the_order():
    samples = [_sample(f"k{i}", f"caption {i}") for i in range(300)]
    samples += [
        _sample("a", "Shared, caption!"),
        _sample("b", "shared caption", "other"),
        _sample("c", "Other"),
    ]
    samples += [_sample("d", "x1", related=("family r",)), _sample("e", "x2", related=("family r",))]
    assign_splits(samples)
    first = {s.key: s.metadata["split"] for s in samples}
    assert first["a"] == first["b"] == first["c"]
    assert first["d"] == first["e"]
    shares = [sum(v == split for v in first.values()) / len(first) for split in SPLITS]
    # 305 draws: three standard deviations of a share near 0.7 are 0.08.
    assert shares == pytest.approx([0.73, 0.10, 0.17], abs=0.08)
    assign_splits(samples[::-1])
    assert {s.key: s.metadata["split"] for s in samples} == first

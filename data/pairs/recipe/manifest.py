"""Counts and digests of the shards, read back from the shards themselves."""

import hashlib
import json
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

from data.pairs.recipe.shards import SPLITS


def make_manifest(folder: Path) -> dict[str, Any]:
    """Return sizes, digests and counts of every set below ``folder``."""
    sets = {}
    for place in sorted(p.parent for p in folder.glob("*/train-000000.tar.gz")):
        shards = {p.name: p for p in sorted(place.glob("*.tar.gz"))}
        records = {split: _records(shards[f"{split}-000000.tar.gz"]) for split in SPLITS}
        sets[place.name] = {
            "shards": {
                name: {"bytes": p.stat().st_size, "sha256": hashlib.sha256(p.read_bytes()).hexdigest()}
                for name, p in shards.items()
            },
            "splits": {split: _counts(found) for split, found in records.items()},
        }
    return sets


def print_counts(sets: dict[str, Any]) -> None:
    """Print the table of the README."""
    print("| set | split | pictures | primary captions | captions | by style |")
    print("|---|---|---|---|---|---|")
    for name, content in sets.items():
        for split, c in content["splits"].items():
            styles = ", ".join(f"{style} {n:,}" for style, n in c["styles"].items())
            print(
                f"| {name} | {split} | {c['pictures']:,} | {c['primary_captions']:,} "
                f"| {c['captions']:,} | {styles} |"
            )


def _records(shard: Path) -> list[tuple[list[str], str]]:
    """Return captions and style of every sample."""
    captions: dict[str, list[str]] = {}
    styles: dict[str, str] = {}
    with tarfile.open(shard) as archive:
        for member in archive:
            key, _, suffix = member.name.partition(".")
            if suffix == "webp":
                continue
            content = archive.extractfile(member)
            assert content is not None
            if suffix == "txt":
                captions[key] = content.read().decode().splitlines()
            else:
                styles[key] = json.load(content)["style"]
    return [(captions[key], styles[key]) for key in captions]


def _counts(records: list[tuple[list[str], str]]) -> dict[str, Any]:
    return {
        "pictures": len(records),
        "primary_captions": len({captions[0] for captions, _ in records}),
        "captions": len({c for captions, _ in records for c in captions}),
        "styles": dict(sorted(Counter(style for _, style in records).items())),
    }

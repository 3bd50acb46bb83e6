"""A set of coloured squares, and what the search shows of it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import sde_core as sde
from sde_core import EmbeddingSet
from tests.fixtures import picture_bytes
from tests.waiting import until

COLOURS = (
    "red",
    "green",
    "blue",
    "white",
    "black",
    "yellow",
    "purple",
    "orange",
    "brown",
    "pink",
    "gray",
    "teal",
)


@pytest.fixture(scope="module")
def coloured(tmp_path_factory, tiny_encoder_folder) -> Path:
    """A dozen coloured squares encoded by the tiny encoder, one caption with HTML."""
    folder = tmp_path_factory.mktemp("coloured")
    for colour in COLOURS:
        (folder / f"{colour}.webp").write_bytes(picture_bytes(colour))
        (folder / f"{colour}.txt").write_text(f"a {colour} <b>square</b>\n")
    made = sde.encode_pairs(sde.load_encoder(tiny_encoder_folder), sde.open_pairs(folder))
    return made.save(tmp_path_factory.mktemp("sets") / "coloured")


def settled(at):
    """Run until no encoder is loaded and nothing indexed any more; what is measured below goes on."""
    until(lambda: not waits(at) or not waits(at.run()))
    assert not at.exception
    return at


def waits(at) -> bool:
    return any(e.proto.text.startswith(("**Encoder", "**Index")) for e in at.get("progress"))


def listed(at, side: str) -> list[tuple[int, str]]:
    """Row and mark of every result on one side, in order."""
    body = next((e.proto.body for e in at.get("html") if f'data-side="{side}"' in e.proto.body), "")
    items = body.partition(f'data-side="{side}"')[2].partition("</ol>")[0]
    return [
        (int(row), mark) for row, mark in re.findall(r'data-row="(\d+)"[^>]*>(?:<div>)?<b>(.*?)</b>', items)
    ]


def rows(at, side: str) -> list[int]:
    return [row for row, _ in listed(at, side)]


def bodies(at) -> str:
    return "\n".join(e.proto.body for e in at.get("html"))


def altered(folder: Path, target: Path, **origin: str) -> Path:
    """The same set with another provenance."""
    found = EmbeddingSet.load(folder)
    return replace(found, provenance=replace(found.provenance, **origin)).save(target)

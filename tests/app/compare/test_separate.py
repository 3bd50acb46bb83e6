"""How separate directions are: planted columns along axes beat every rotation, and a rotated copy does not."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.errors import DataError
from sde_core.knowledge import disentanglement
from sde_explorer.compare import words
from sde_explorer.compare.numbers.separate import Part, separate, told_columns
from sde_explorer.compare.tables import separate_table
from tests.app.compare.test_page import said, settled


def planted(turn: bool = False) -> sde.EmbeddingSet:
    """Return a set with a column along each of its first two directions; turned, both stand across both."""
    rng = np.random.default_rng(0)
    kind, style = rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    x = 0.3 * rng.normal(size=(400, 6)) * np.geomspace(1, 0.3, 6)
    x[:, 0] += 4 * kind
    x[:, 1] += 3 * style
    if turn:
        x[:, :2] = x[:, :2] @ (np.array([[1, 1], [-1, 1]]) / np.sqrt(2))
        x[:, 0] *= 1.3
    made = sde.EmbeddingSet.from_arrays(x, x, captions=[f"thing {i}" for i in range(400)])
    columns = {"kind": kind.astype(str), "style": style.astype(str), "split": style.astype(str)}
    return replace(made, metadata=columns | {"id": np.arange(400).astype(str)})


def part(embeddings: sde.EmbeddingSet) -> Part:
    spectrum = sde.compute_spectrum(embeddings.image, center="mean")
    return Part(embeddings=embeddings, spectrum=spectrum, partition=sde.partition_spectrum(spectrum))


def test_planted_axes_are_beyond_their_rotations_and_the_numbers_are_the_library_s():
    straight, turned, seen = planted(), planted(turn=True), []
    found = separate("image", part(straight), part(turned), lambda share, _: seen.append(share))
    assert found.columns == ("kind", "style")
    a, b = found.both
    assert a.numbers["disentanglement"] > float(a.null["disentanglement"].max())
    assert a.numbers["disentanglement"] > b.numbers["disentanglement"] + 0.2
    alone = disentanglement(straight, ("kind", "style"))
    assert alone.numbers == a.numbers
    torch.testing.assert_close(alone.null["gap"], a.null["gap"])
    assert seen[-1] == 1
    table = separate_table(found)
    assert f"{a.disentanglement:.3f}" in table
    assert f"{float(a.null['completeness'].mean()):.3f}" in table
    assert "beyond all its rotations A is in" in words.separate_story(found)


def test_the_makers_own_columns_and_those_of_many_values_are_not_asked():
    assert told_columns(planted()) == ("kind", "style")
    one = replace(planted(), metadata={"kind": planted().metadata["kind"]})
    alone = part(one)
    with pytest.raises(DataError, match="columns must be two at least"):
        separate("image", alone, alone, lambda *_: None)


def test_the_view_shows_both_sets_beside_their_rotations(open_page, tmp_path):
    folder = planted().save(tmp_path / "planted")
    at = settled(open_page("compare", data=str(folder), compare_look="How separate"))
    assert not at.exception
    assert "beyond all its rotations A is in" in said(at)
    bare = replace(planted(), metadata={}).save(tmp_path / "bare")
    at = settled(open_page("compare", data=str(bare), compare_look="How separate"))
    assert "is asked of two columns at least" in said(at)

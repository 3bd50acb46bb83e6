"""Codes of compression: faiss stores and ranks what was measured."""

from typing import ClassVar

import faiss
import numpy as np
import pytest
import torch

from sde_core.errors import DataError
from sde_core.treatments.compression import codes
from sde_core.treatments.compression.axes import fit_axes
from sde_core.treatments.compression.codes import (
    CODES,
    Coder,
    coded_score,
    compressed_index,
    fill_index,
    reference_rows,
)  # fmt: skip
from sde_core.vocabulary import Direction
from tests.sde_core.treatments.compression.test_axes import _pairs


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("axes", ["own", "pca"])
def test_a_faiss_index_that_was_written_finds_what_the_table_measures(tmp_path, axes, code):
    image, text = (torch.nn.functional.normalize(torch.as_tensor(x).float(), dim=1) for x in _pairs())
    reference, gallery, queries = (image[:200], text[:200]), image[200:], text[200:260]
    onto = fit_axes(*reference, axes, 6)
    faiss.write_index(compressed_index(onto, code, reference), str(tmp_path / "index"))
    index = faiss.read_index(str(tmp_path / "index"))
    index.add(gallery.numpy())
    scores, found = faiss.downcast_index(index.index).search(onto(queries, "text").numpy(), 7)
    coder = Coder(code, reference_rows(onto, reference))
    ours = coded_score(onto, coder, float_query=code != "1bit")(gallery, Direction.IMAGE_RETRIEVAL)(queries)
    if code == "1bit":  # other signs out of six, and the sum of their products
        scores = 6 - 2 * scores
    best = ours.topk(7, dim=1).values.numpy()
    # Where faiss' products and ours round to two sides of a boundary, one coordinate has the next code.
    step = {"float32": 0.0, "float16": 2**-11, "int8": 2 / 255, "1bit": 0.0}[code]
    np.testing.assert_allclose(scores, best, atol=step + 2e-6, rtol=0)
    assert np.mean(np.abs(scores - best) > 2e-6) < 0.05
    # Ties may stand in any order; what is found has the score that it is said to have.
    of_found = ours.numpy()[np.arange(60)[:, None], found]
    np.testing.assert_allclose(of_found, scores, atol=step + 2e-6, rtol=0)


class _Watched(np.ndarray):
    """Rows that know how many of them were asked for at a time."""

    asked: ClassVar[list[int]] = []

    def __getitem__(self, key):
        found = super().__getitem__(key)
        self.asked.append(len(found))
        return found


@pytest.mark.parametrize("n", [50, 400])
def test_rows_are_coded_a_block_at_a_time_however_many_there_are(monkeypatch, n):
    monkeypatch.setattr(codes, "FILL_ROWS", 32)
    monkeypatch.setattr(_Watched, "asked", [])
    image, text = (np.float32(x) for x in _pairs())
    onto = fit_axes(image[:200], text[:200], "pca", 6)
    index, whole = (compressed_index(onto, "int8", (image[:200], text[:200])) for _ in range(2))
    rows = np.tile(image, (3, 1))[:n] * 3
    told = []
    fill_index(index, rows.view(_Watched), lambda *step: told.append(step))
    assert max(_Watched.asked) <= 32
    assert [told[0], told[-1]] == [("adding rows", 32, n), ("adding rows", n, n)]
    whole.add(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    queries = rows[:5] / np.linalg.norm(rows[:5], axis=1, keepdims=True)
    np.testing.assert_array_equal(index.search(queries, 4)[0], whole.search(queries, 4)[0])


def test_rows_of_another_width_are_refused():
    image, text = _pairs()
    index = compressed_index(fit_axes(image, text, "pca", 6), "float16", (image, text))
    with pytest.raises(DataError, match="must be a matrix of"):
        fill_index(index, np.ones((4, 3)))

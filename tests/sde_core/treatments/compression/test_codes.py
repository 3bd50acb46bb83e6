"""Codes of compression: faiss stores and ranks what was measured."""

import faiss
import numpy as np
import pytest
import torch

from sde_core.treatments.compression.axes import fit_axes
from sde_core.treatments.compression.codes import CODES, Coder, coded_score, compressed_index, reference_rows
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

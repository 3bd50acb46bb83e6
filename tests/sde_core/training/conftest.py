import numpy as np
import pytest

from sde_core import EmbeddingSet


@pytest.fixture(scope="session")
def toy_set() -> EmbeddingSet:
    """200 pictures and 300 captions that a rotation of the captions brings together; 24 val, 24 test."""
    rng = np.random.default_rng(0)
    meaning = rng.normal(size=(200, 12))
    turn = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    links = [(i, i) for i in range(200)] + [(200 + i, i) for i in range(100)]
    text = meaning[[image for _, image in links]] @ turn + 0.4 * rng.normal(size=(300, 12))
    made = EmbeddingSet.from_arrays(
        meaning.astype(np.float32),
        text.astype(np.float32),
        np.array(links),
        captions=[f"caption {t}" for t in range(300)],
        name="toy",
    )
    split = np.array(["train"] * 152 + ["val"] * 24 + ["test"] * 24)
    kind = np.array([f"kind {i % 40}" for i in range(200)])
    fields = {f: getattr(made, f) for f in ("image", "text", "links", "image_ids", "captions", "name")}
    return EmbeddingSet(**fields, metadata={"split": split, "kind": kind})

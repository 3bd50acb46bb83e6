from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from sde_core.report import ReportSpec, SetSpec, make_report


def toy_set(seed=0, rows=60, name="toy", captions=None):
    directions = np.random.default_rng(9).normal(size=(3, 12)) * 3
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(rows, 3)) @ directions
    image, text = ((shared + rng.normal(size=(rows, 12))).astype(np.float32) for _ in range(2))
    words = captions or [f"caption {i}" for i in range(rows)]
    made = sde.EmbeddingSet.from_arrays(image, text, captions=words, name=name)
    return replace(made, provenance=sde.Provenance(encoder="some/encoder", weights_sha256="ab" * 32))


NASTY = [
    f"</script><script>alert({i})</script><img src=x onerror=alert(1)> & \u2028 “{i}”" for i in range(60)
]


@pytest.fixture(scope="session")
def opened():
    nasty = toy_set(2, name='<b>nasty</b> & "set"', captions=NASTY)
    return {"train": toy_set(1, name="train"), "test": nasty, "other": toy_set(3, name="other")}


@pytest.fixture(scope="session")
def spec():
    return ReportSpec(
        sets=(SetSpec(embeddings="test", fit_on="train"),), n_resamples=200, title="A <title> & more"
    )


@pytest.fixture(scope="session")
def report(spec, opened):
    return make_report(spec, opened=opened)

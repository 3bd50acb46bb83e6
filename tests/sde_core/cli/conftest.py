from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sde_core import EmbeddingSet


@pytest.fixture
def make_set(tmp_path) -> Callable[..., Path]:
    """Write a small set with three shared directions in noise; seeds differ in rows, not in directions."""

    def make(name: str = "toy", seed: int = 0, rows: int = 60, width: int = 8) -> Path:
        directions = np.random.default_rng(99).normal(size=(3, width)) * 3
        rng = np.random.default_rng(seed)
        shared = rng.normal(size=(rows, 3)) @ directions
        image, text = ((shared + rng.normal(size=(rows, width))).astype(np.float32) for _ in range(2))
        captions = [f"caption {i}" for i in range(rows)]
        return EmbeddingSet.from_arrays(image, text, captions=captions, name=name).save(tmp_path / name)

    return make


@pytest.fixture
def saved_set(make_set) -> Path:
    return make_set()

"""A tensor is told from all else."""

import sys

import numpy as np
import pytest
import torch

from sde_core.checks.tensors import is_tensor


@pytest.mark.parametrize("value", [[1.0], np.ones(2), None, "tensor", torch.float32])
def test_what_is_no_tensor(value):
    assert not is_tensor(value)


def test_tensors_are_whether_imported_or_not(monkeypatch):
    tensors = (torch.ones(2), torch.nn.Parameter(torch.ones(2)))
    assert all(map(is_tensor, tensors))
    monkeypatch.delitem(sys.modules, "torch")  # as where nobody has imported it
    assert not any(map(is_tensor, tensors))

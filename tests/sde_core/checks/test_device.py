"""Which device computes, and what people call it."""

import pytest
import torch

from sde_core.checks.device import device_label, resolve_device
from sde_core.errors import ConfigError

without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")


def test_the_cpu_is_what_it_is_called():
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device(torch.device("cpu")) == torch.device("cpu")
    assert device_label(torch.device("cpu")) == "CPU"


def test_auto_is_a_gpu_where_there_is_one():
    assert resolve_device().type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_an_unknown_name_is_refused():
    with pytest.raises(
        ConfigError, match=r'^device must be "auto", "cpu", "cuda" or "cuda:N"; got \'tpu9x\'$'
    ):
        resolve_device("tpu9x")


@without_gpu
@pytest.mark.parametrize("device", ["cuda", "cuda:1", torch.device("cuda")])
def test_a_gpu_that_is_not_there_is_refused(device):
    with pytest.raises(
        ConfigError, match=r'^device must be available; got .* and no CUDA: use "auto" or "cpu"$'
    ):
        resolve_device(device)

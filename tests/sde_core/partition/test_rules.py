"""Each rule against an independent reference, its parameters and what it needs."""

import numpy as np
import pytest

from sde_core import compute_spectrum, partition_spectrum
from sde_core.partition.bema import BemaRule
from sde_core.partition.gavish_donoho import GavishDonohoRule
from sde_core.partition.mp_iqr import MpIqrRule
from sde_core.partition.parallel import ParallelRule
from sde_core.partition.screenot import ScreeNotRule
from tests.sde_core.partition.planted import spikes
from tests.sde_core.partition.thresholds import signal


@pytest.mark.parametrize(
    "rule",
    [MpIqrRule(), GavishDonohoRule(), BemaRule(), ScreeNotRule(k=15), ParallelRule()],
    ids=lambda rule: rule.name,
)
def test_strong_is_never_below_the_noise_threshold(rule):
    # Many equal spikes lift the quartiles: the fence falls inside the signal or below the edge.
    x = spikes(0, 200, 40, np.full(12, 6.0))
    p = partition_spectrum(compute_spectrum(x), rule, features=x)
    assert p.tau_strong >= p.tau_noise
    assert signal(p) == 12

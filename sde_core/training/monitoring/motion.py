"""Whether a modality moves at all: a test against the sampling of its rows (docs/watch.md)."""

import math
from itertools import pairwise

import numpy as np

from sde_core.training.monitoring.levels import FEWEST
from sde_core.training.monitoring.look import Look, ModalityLook
from sde_core.training.monitoring.past import Finding, Past, Rule
from sde_core.vocabulary import Modality

_STILL = 3.09  # of a standard normal, one in a thousand


def frozen(modality: Modality) -> Rule:
    """Return the rule of a modality that moved and does not move any more, while the other one still does.

    The mean of n rows differs from that of n others by tr(S) (1/n + 1/n) in the square, if nothing moved, with a
    relative standard deviation of sqrt(2 / participation ratio): a look is still if it is within that.
    """
    other = Modality.TEXT if modality is Modality.IMAGE else Modality.IMAGE

    def finding(past: Past, look: Look) -> Finding:
        if not past.looks:
            return None
        last = past.looks[-1]
        if moved(last.side(modality), look.side(modality), last.n_rows, look.n_rows):
            return None
        steps = list(pairwise(past.looks))
        moves = [moved(a.side(modality), b.side(modality), a.n_rows, b.n_rows) for a, b in steps]
        if len(moves) < FEWEST or sum(moves) <= len(moves) / 2:
            return None
        if not moved(last.side(other), look.side(other), last.n_rows, look.n_rows):
            return None
        return f"{modality.value} features stopped moving while those of {other.value} go on"

    return finding


def moved(first: ModalityLook | None, second: ModalityLook | None, n_first: int, n_second: int) -> bool:
    """Return whether a modality moved by more than two samples of one distribution differ; False if unknown.

    Its mean row, or its first singular values: the logarithm of a sample's energy along a direction has the variance
    2 / n, if it is Gaussian, and the squares of k of them, so scaled, add up to k with a variance of 2 k.
    """
    if first is None or second is None or len(first.mean) != len(second.mean):
        return False
    apart = float(np.square(first.mean.astype(np.float64) - second.mean).sum())
    chance = first.spread / n_first + second.spread / n_second
    if apart > chance * (1 + _STILL * math.sqrt(2 / max(1.0, _participation(first)))):
        return True
    k = int(min(len(first.values), len(second.values), first.directions.shape[1], second.directions.shape[1]))
    logs = 2 * np.log(first.values[:k].astype(np.float64) / second.values[:k])
    apart = float(np.square(logs).sum()) / (2 / n_first + 2 / n_second)
    return apart > k + _STILL * math.sqrt(2 * k)


def _participation(side: ModalityLook) -> float:
    energies = np.square(side.values.astype(np.float64))
    total = float(np.square(energies).sum())
    return float(energies.sum()) ** 2 / total if total > 0 else 1.0

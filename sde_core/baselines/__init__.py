"""What a user would compare the method with: maps of embeddings, and scores (docs/method.md, section 7).

A map is fitted on reference embeddings of one modality and then called on new ones. A score is fitted on
reference embeddings of both and given to `sde_core.retrieval_metrics` as ``score``. Nothing here looks at
which image and which text belong together.
"""

from sde_core.baselines.linear_map import LinearMap
from sde_core.baselines.maps import (
    fit_all_but_the_top,
    fit_mean_shift,
    fit_pca_truncation,
    fit_whitening,
)
from sde_core.baselines.scores import (
    fit_csls,
    fit_dynamic_inverted_softmax,
    fit_inverted_softmax,
    fit_nnn,
)
from sde_core.baselines.table import Baseline, baseline_names, fit_baseline

__all__ = [
    "Baseline",
    "LinearMap",
    "baseline_names",
    "fit_all_but_the_top",
    "fit_baseline",
    "fit_csls",
    "fit_dynamic_inverted_softmax",
    "fit_inverted_softmax",
    "fit_mean_shift",
    "fit_nnn",
    "fit_pca_truncation",
    "fit_whitening",
]

"""Each decomposition of a reference is made once, however many settings and baselines read it."""

import sde_core as sde
from sde_core.treatments import reference as module
from tests.sde_core.treatments.clouds import aligned


def test_a_sweep_cuts_one_decomposition(monkeypatch):
    made = {"joint": 0, "spectra": 0}

    def counted(key, real):
        def call(*given):
            made[key] += 1
            return real(*given)

        return call

    monkeypatch.setattr(module, "joint_directions", counted("joint", module.joint_directions))
    monkeypatch.setattr(module, "compute_spectrum", counted("spectra", module.compute_spectrum))
    image, text = aligned(m=240)
    names = ["all-but-the-top", "whitening", "pca-truncation", "joint-pca"]
    rows = sde.fit_all(image, text, paired=(image, text), names=names)
    assert all(len(row.sweep.settings) > 3 for row in rows[1:])
    # Of the pairs that fit, and of the whole reference; two modalities.
    assert made == {"joint": 2, "spectra": 4}

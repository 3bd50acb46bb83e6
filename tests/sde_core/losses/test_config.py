"""What the configuration of the loss refuses."""

import math

import pytest

from sde_core.errors import ConfigError
from sde_core.losses import SDELossConfig
from sde_core.losses.terms.barlow import ComponentBarlow
from sde_core.losses.terms.component_contrast import ComponentContrast

pytestmark = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")


@pytest.mark.parametrize(
    ("field", "value"),
    [("weight_start", -1),
     ("weight_end", math.inf), ("hellinger", math.nan), ("warmup", 1.0), ("seed", -1),
     ("basis_memory", 1.0), ("contrast_temperature", 0.0),
     ("whitening", -1.0), ("component_barlow", -1.0), ("barlow_off_diagonal", -0.1),
     ("whitening_shrinkage", 0.0), ("whitening_by", "text"), ("spectral_contrast", -1.0),
     ("spectral_contrast_shrinkage", 0.0), ("vicreg", math.nan),
     ("subspace_rank", 0), ("refresh_every", 0), ("spectral_every", 0), ("total_steps", 0),
     ("calls_per_step", 0), ("center", "median"), ("schedule", "x"), ("hellinger_on", "x"),
     ("subspace_form", "x"), ("contrast_band", "weak"), ("hellinger_form", "cubed"), ("draws", "same")],
)  # fmt: skip
def test_the_config_names_the_field_that_is_wrong(field, value):
    with pytest.raises(ConfigError, match=f"{field} must"):
        SDELossConfig(**{field: value})


def test_the_choices_of_the_reconstruction_have_names():
    plain = SDELossConfig.paper()
    named = {
        "hellinger_form": ("squared", "distance"),
        "draws": ("independent", "shared"),
        "subspace_form": ("projector", "captured"),
    }
    for name, (ours, other) in named.items():
        assert getattr(plain, name) == ours
        assert SDELossConfig.paper(**{name: other}) == plain.replaced(**{name: other}) != plain
    assert SDELossConfig.paper(weight=0.3) == plain.replaced(weight_start=0.3, weight_end=0.03)


def test_a_keyword_that_two_terms_share_is_that_of_the_one_with_weight():
    assert SDELossConfig(terms=(ComponentBarlow(band="noise"),)).contrast_band == "noise"
    assert SDELossConfig(terms=(ComponentContrast(band="noise"),)).contrast_band == "noise"
    assert SDELossConfig(contrast_band="signal", component_barlow=0.1).contrast_band == "signal"

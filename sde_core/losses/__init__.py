"""Training losses in open_clip's signature: `SDELoss`, its terms one a file, and its rivals."""

from sde_core.losses.ascent import gain_ascent, info_nce
from sde_core.losses.barlow import barlow_twins, component_barlow
from sde_core.losses.base_loss import WholeBatch
from sde_core.losses.component_contrast import component_contrast, shared_spectrum
from sde_core.losses.config import SDELossConfig
from sde_core.losses.duplicates import DuplicateAwareLoss
from sde_core.losses.enhanced_view import enhanced_view
from sde_core.losses.fanoise import FANoiseLoss
from sde_core.losses.hellinger import hellinger_loss
from sde_core.losses.regularised import RegularisedLoss
from sde_core.losses.sde_loss import SDELoss
from sde_core.losses.subspace import captured_energy_loss, subspace_loss
from sde_core.losses.vicreg import vicreg
from sde_core.losses.whitening import whitened_agreement

__all__ = [
    "DuplicateAwareLoss",
    "FANoiseLoss",
    "RegularisedLoss",
    "SDELoss",
    "SDELossConfig",
    "WholeBatch",
    "barlow_twins",
    "captured_energy_loss",
    "component_barlow",
    "component_contrast",
    "enhanced_view",
    "gain_ascent",
    "hellinger_loss",
    "info_nce",
    "shared_spectrum",
    "subspace_loss",
    "vicreg",
    "whitened_agreement",
]

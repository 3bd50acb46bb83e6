"""Training losses in open_clip's signature: `SDELoss`, its terms one a file, and its rivals."""

from sde_core.losses.ascent import gain_ascent, info_nce
from sde_core.losses.base_loss import WholeBatch
from sde_core.losses.blockwise import BlockwiseLoss
from sde_core.losses.config import SDELossConfig
from sde_core.losses.duplicates import DuplicateAwareLoss
from sde_core.losses.enhanced_view import enhanced_view
from sde_core.losses.fanoise import FANoiseLoss
from sde_core.losses.regularised import RegularisedLoss
from sde_core.losses.sde_loss import SDELoss
from sde_core.losses.terms import TERMS, Batch, Term, register_term
from sde_core.losses.terms.barlow import barlow_twins, component_barlow
from sde_core.losses.terms.component_contrast import component_contrast, shared_spectrum
from sde_core.losses.terms.hellinger import hellinger_loss
from sde_core.losses.terms.spectral_contrast import spectral_contrast
from sde_core.losses.terms.subspace import captured_energy_loss, subspace_loss
from sde_core.losses.terms.vicreg import vicreg
from sde_core.losses.terms.whitening import whitened_agreement

__all__ = [
    "TERMS",
    "Batch",
    "BlockwiseLoss",
    "DuplicateAwareLoss",
    "FANoiseLoss",
    "RegularisedLoss",
    "SDELoss",
    "SDELossConfig",
    "Term",
    "WholeBatch",
    "barlow_twins",
    "captured_energy_loss",
    "component_barlow",
    "component_contrast",
    "enhanced_view",
    "gain_ascent",
    "hellinger_loss",
    "info_nce",
    "register_term",
    "shared_spectrum",
    "spectral_contrast",
    "subspace_loss",
    "vicreg",
    "whitened_agreement",
]

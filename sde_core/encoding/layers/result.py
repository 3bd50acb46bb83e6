"""What each layer of both towers holds."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.drawn import plotted
from sde_core.geometry.similarity.layers import LayerAgreement
from sde_core.pairs.base import Skipped
from sde_core.vocabulary import Modality


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """One layer of a tower, by the means over the places of each item (tokens, patches).

    Attributes:
        side: modality of the tower.
        name: of the module; "output" for the unit vectors that the encoder gives.
        width: of its vectors.
        singular_values: (r,) of the centred rows of all items.
        effective_rank: exp of the entropy of the singular values: how many directions the layer uses.
        two_nn: intrinsic dimension of the sampled rows.
        cross_values: (s,) singular values of the cross-covariance with the output of the other tower, whatever the
            widths; None with one modality.
        cross_rank: effective rank of them: how many directions are shared.
        shared: sum of them over the root of the product of both total variances: 1 where the layer is the other
            tower's output but for a rotation and a scale, the procrustes similarity of all rows.
    """

    side: Modality
    name: str
    width: int
    singular_values: Float[Tensor, " r"]
    effective_rank: float
    two_nn: float
    cross_values: Float[Tensor, " s"] | None = None
    cross_rank: float | None = None
    shared: float | None = None

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layers:
    """Every layer of the towers of an encoder, in the order in which they run.

    Attributes:
        encoder: its name.
        image: layers of the image tower, the output last; none without images.
        text: the same of the text tower.
        agreement: unbiased CKA of every image layer with every text layer; None with one modality.
        n_items: pairs, images or captions that were read.
        n_sampled: of them, those whose rows TwoNN and agreement are of.
        skipped: what could not be read, with reasons.
    """

    encoder: str
    image: tuple[Layer, ...]
    text: tuple[Layer, ...]
    agreement: LayerAgreement | None
    n_items: int
    n_sampled: int
    skipped: tuple[Skipped, ...] = ()

    __repr__ = brief
    plot = plotted

    def of(self, side: Modality | str) -> tuple[Layer, ...]:
        """Return the layers of a modality."""
        return self.image if side == Modality.IMAGE else self.text

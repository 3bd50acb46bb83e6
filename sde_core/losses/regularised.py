"""A contrastive loss plus one term between the modalities: how rivals enter the same training loop."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from sde_core.checks.brief import brief
from sde_core.errors import ConfigError
from sde_core.losses.base_loss import default_base_loss, fit_to_ranks, gradient_scale_beside
from sde_core.losses.distributed import gather_rows, shares_of
from sde_core.losses.terms import Batch, Term


class RegularisedLoss(nn.Module):
    """base loss + weight x term(image, text) over the rows of all ranks, in open_clip's signature.

    Args:
        term: (B, n) and (B, n) to (), or one of `TERMS` that needs no basis.
        weight: of the term, at least 0.
        base_loss: the feature-domain loss; None takes InfoNCE.
        name: of the term in what is logged, ``<name>_loss``; None takes the function's own.

    >>> from sde_core.losses import barlow_twins
    >>> loss = RegularisedLoss(barlow_twins, weight=0.01)
    >>> loss.name, loss.weight
    ('barlow_twins', 0.01)
    """

    sees_all_ranks = True

    def __init__(
        self,
        term: Callable[[Tensor, Tensor], Tensor] | Term,
        *,
        weight: float,
        base_loss: nn.Module | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__()
        if not 0.0 <= weight < float("inf"):
            raise ConfigError(f"weight must be finite and at least 0; got {weight}")
        self.term = term
        self.name = _name_of(term) if name is None else name
        if not self.name or self.name == "contrastive":
            raise ConfigError(f'name must be a word other than "contrastive"; got {self.name!r}')
        self.weight = weight
        self.base_loss = default_base_loss() if base_loss is None else base_loss

    def __repr__(self) -> str:
        """Return one line: the term, its weight and the base loss."""
        return brief(self, name=self.name, weight=self.weight, base_loss=self.base_loss)

    def forward(
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: Tensor,
        logit_bias: Tensor | None = None,
        output_dict: bool = False,
    ) -> Tensor | dict[str, Tensor]:
        """Return the loss, or ``contrastive_loss`` and ``<name>_loss``, already weighted."""
        shares = shares_of(image_features, text_features)
        fit_to_ranks(self.base_loss, shares)
        contrastive: Tensor = self.base_loss(
            image_features, text_features, logit_scale, logit_bias=logit_bias
        )
        scale = gradient_scale_beside(self.base_loss)
        with torch.autocast(device_type=image_features.device.type, enabled=False):
            image, text = (
                gather_rows(x.to(torch.promote_types(x.dtype, torch.float32)), shares, gradient_scale=scale)
                for x in (image_features, text_features)
            )
            value = self._value(image, text, logit_scale)
            extra = (self.weight * value).to(contrastive)
        if output_dict:
            return {"contrastive_loss": contrastive, f"{self.name}_loss": extra}
        return contrastive + extra

    def _value(self, image: Tensor, text: Tensor, logit_scale: Tensor) -> Tensor:
        if not isinstance(self.term, Term):
            return self.term(image, text)
        same = getattr(self.base_loss, "same", None)
        return self.term(Batch(image=image, text=text, logit_scale=logit_scale, same=same))


def _name_of(term: Callable[[Tensor, Tensor], Tensor] | Term) -> str:
    while isinstance(term, partial):
        term = term.func
    return str(getattr(term, "name", None) or getattr(term, "__name__", None) or type(term).__name__)

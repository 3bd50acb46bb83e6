"""`SDELoss`: a contrastive loss on enhanced features plus spectral terms, in open_clip's signature."""

from typing import Any

import torch
from torch import Tensor, nn

from sde_core.checks.brief import brief
from sde_core.losses.ascent import gain_ascent
from sde_core.losses.base_loss import (
    default_base_loss,
    fit_to_ranks,
    gradient_scale_beside,
    say_what_is_not_unit,
)
from sde_core.losses.basis import BasisKeeper, Pair
from sde_core.losses.config import SDELossConfig
from sde_core.losses.distributed import gather_rows, shares_of, sum_over_ranks
from sde_core.losses.enhanced_view import enhanced_view
from sde_core.losses.progress import TrainingClock, is_training_call
from sde_core.losses.terms.term import Batch, StepConstants
from sde_core.losses.uncompiled import uncompiled
from sde_core.partition import Partition
from sde_core.shaping.curriculum import alpha, scheduled_value
from sde_core.shaping.enhancement import enhancement_gains
from sde_core.vocabulary import MODALITIES

_DEFAULT = SDELossConfig()

Means = tuple[Tensor, Tensor] | tuple[None, None]


class SDELoss(nn.Module):
    """InfoNCE (or any open_clip loss) on enhanced features + lambda(t) times the spectral terms.

    Drop it in where open_clip builds its loss. Spectral work runs in float32 (decompositions in
    float64) under any autocast, outside torch.compile's graph. With several ranks every rank sees the
    spectra of the whole batch. Features that are not finite pass to the base loss as they are and make
    the spectral loss NaN, so that a gradient scaler can skip the step.

    Progress t is that of the optimiser or scheduler named by `follow`, or set by `set_progress`, whichever was called
    last; else it is counted if the config has ``total_steps``, else it stays 0.
    In eval mode, and where no
    gradient is asked for (a trainer's evaluation puts its model in eval mode, not this loss), nothing is counted
    or remembered. Rank and world size are those of the call: it may be built before there are any.

    Attributes:
        config: what it was built with.
        base_loss: the feature-domain loss.
        terms: spectral terms of the last call that evaluated them by name, before any weight.
        partitions: of the directions in use at the last call, by "image", "text", "shared".
        gains: of the last call, by "image", "text"; empty without enhancement.

    Source: docs/method.md, equation (4.1).

    >>> loss = SDELoss(SDELossConfig.paper(total_steps=100), base_loss=nn.Identity())
    >>> loss.progress, loss.alpha, loss.spectral_weight
    (0.0, 0.5, 1.0)
    """

    sees_all_ranks = True

    def __init__(self, config: SDELossConfig = _DEFAULT, base_loss: nn.Module | None = None) -> None:
        super().__init__()
        self.config = config
        self.base_loss = default_base_loss() if base_loss is None else base_loss
        self.terms: dict[str, Tensor] = {}
        self.partitions: dict[str, Partition] = {}
        self.gains: dict[str, Tensor] = {}
        self._clock = TrainingClock(total_steps=config.total_steps, calls_per_step=config.calls_per_step)
        self._keeper = BasisKeeper(config)
        self._has_looked = False

    def __repr__(self) -> str:
        """Return one line: where it is in training, and what it was built with."""
        return brief(
            self, step=self.step, progress=self.progress, base_loss=self.base_loss, config=self.config
        )

    @property
    def progress(self) -> float:
        """Share of training done, t in [0, 1]."""
        return self._clock.progress

    @property
    def step(self) -> int:
        """Optimiser steps completed, counted in training mode."""
        return self._clock.step

    @property
    def alpha(self) -> float:
        """The curriculum factor of the enhancement now; 0 without enhancement."""
        return 0.0 if self.config.enhancement is None else alpha(self.progress, self.config.enhancement)

    @property
    def spectral_weight(self) -> float:
        """The weight lambda(t) of the spectral terms now."""
        c = self.config
        return scheduled_value(
            self.progress, start=c.weight_start, end=c.weight_end, schedule=c.schedule, warmup=c.warmup
        )

    def set_progress(self, progress: float) -> None:
        """Fix the share of training done; from now on only this call moves it, or `follow`.

        Raises:
            ConfigError: ``progress`` outside [0, 1], NaN included.
        """
        self._clock.set_progress(progress)

    def follow(self, source: object, *, total_steps: int | None = None) -> None:
        """Take step and progress from an optimiser or a scheduler from now on, in place of counting calls.

        Nothing that the trainer does between two steps (evaluation, accumulation, a skipped step) moves t, and
        a resumed optimiser brings its count along.

        Args:
            source: optimiser (t is its share of ``total_steps``) or scheduler (t is how far it has come), as torch
                makes them or as accelerate and Lightning wrap them.
            total_steps: optimiser steps of the whole training; None takes those of the scheduler, or the config's.

        Raises:
            ConfigError: neither of the two, or nobody knows how long the training is.
        """
        self._clock.follow(source, total_steps)

    def forward(
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: Tensor,
        logit_bias: Tensor | None = None,
        output_dict: bool = False,
    ) -> Tensor | dict[str, Tensor]:
        """Return the loss, or its two parts, already weighted, to be summed.

        Args:
            image_features: (B, n), rows of unit length as open_clip returns them; others are told of once and taken
                as they are.
            text_features: (B, n), row by row.
            logit_scale: () as the base loss takes it.
            logit_bias: () or None, as the base loss takes it.
            output_dict: whether to return ``contrastive_loss`` and ``spectral_loss`` by name.

        Raises:
            DataError: the two are not matrices of one shape, on this rank or another, or the base loss cannot
                take ranks of unlike shares.
        """
        image, text, spectral = self._spectral_part(image_features, text_features, logit_scale, logit_bias)
        contrastive = self._contrast(image, text, logit_scale, logit_bias)
        spectral = spectral.to(contrastive)
        if output_dict:
            return {"contrastive_loss": contrastive, "spectral_loss": spectral}
        total: Tensor = contrastive + spectral
        return total

    def get_extra_state(self) -> dict[str, Any]:
        """Return steps, progress, running Gram matrices and a kept basis, as part of ``state_dict()``."""
        return {"clock": self._clock.state(), "basis": self._keeper.state()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take over what a checkpoint holds; what follows is as if nothing had happened."""
        self._clock.restore(state["clock"])
        self._keeper.restore(state["basis"])

    def _contrast(self, image: Tensor, text: Tensor, scale: Tensor, bias: Tensor | None) -> Tensor:
        loss: Tensor = self.base_loss(image, text, scale, logit_bias=bias)
        return loss

    @uncompiled
    def _spectral_part(
        self, image_features: Tensor, text_features: Tensor, scale: Tensor, bias: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return both enhanced views and the weighted spectral loss, and count the call."""
        shares = shares_of(image_features, text_features)
        fit_to_ranks(self.base_loss, shares)
        if not self._has_looked:
            self._has_looked = True
            say_what_is_not_unit(image_features, text_features)
        is_training = is_training_call(self, image_features, text_features)
        with torch.autocast(device_type=image_features.device.type, enabled=False):
            local = _work(image_features), _work(text_features)
            factor = gradient_scale_beside(self.base_loss)
            image, text = (gather_rows(x, shares, gradient_scale=factor) for x in local)
            rows = image, text
            # One number instead of m n comparisons; NaN and infinity both survive a sum.
            if not bool(torch.isfinite(rows[0].sum() + rows[1].sum())):
                if is_training:
                    self._clock.count(image_features, text_features)
                return image_features, text_features, (rows[0].sum() + rows[1].sum()) * float("nan")
            means: Means = (None, None)
            if self.config.center == "mean":
                rows, means = _centred(rows)
            constants = self._keeper.constants(rows, step=self.step, is_training=is_training)
            self.partitions = constants.partitions
            batch = Batch(
                image=rows[0],
                text=rows[1],
                constants=constants,
                logit_scale=torch.as_tensor(scale, device=rows[0].device),
                same=getattr(self.base_loss, "same", None),
            )
            spectral = self._spectral_loss(batch, is_training=is_training)
        views = local
        if self.config.enhancement is not None:
            ascents = self._ascents(local, means, constants, (scale, bias))
            self.gains = self._gains_now(constants, ascents)
            with torch.autocast(device_type=image_features.device.type, enabled=False):
                views = _views(local, constants, self.gains, means)
        if is_training:
            self._clock.count(image_features, text_features)
        return views[0].to(image_features.dtype), views[1].to(text_features.dtype), spectral

    def _gains_now(self, constants: StepConstants, ascents: dict[str, Tensor]) -> dict[str, Tensor]:
        assert self.config.enhancement is not None
        generators = dict.fromkeys(MODALITIES, self._clock.generator(self.config.seed))
        if self.config.draws == "shared":
            generators = {name: self._clock.generator(self.config.seed) for name in MODALITIES}
        return {
            name: enhancement_gains(
                constants.spectra[name],
                constants.partitions[name],
                self.progress,
                self.config.enhancement,
                generator=generators[name],
                ascent=ascents.get(name),
            )
            for name in MODALITIES
        }

    def _ascents(
        self,
        local: Pair,
        means: Means,
        constants: StepConstants,
        logit: tuple[Tensor, Tensor | None],
    ) -> dict[str, Tensor]:
        """Return dL/dg of the contrastive loss at g = 1, for the adversarial mode; one small backward."""
        assert self.config.enhancement is not None
        if self.config.enhancement.strong != "adversarial":
            return {}
        scale, bias = (None if x is None else torch.as_tensor(x).detach() for x in logit)
        assert scale is not None
        spectra = constants.spectra
        slopes = gain_ascent(
            local,
            (spectra["image"].basis, spectra["text"].basis),
            means,
            lambda image, text: self._contrast(image, text, scale, bias),
        )
        # The same signs on every rank.
        return {name: sum_over_ranks(slope) for name, slope in zip(MODALITIES, slopes, strict=True)}

    def _spectral_loss(self, batch: Batch, *, is_training: bool) -> Tensor:
        """Return lambda(t) times the weighted sum of the terms, and note each in ``terms``."""
        total, weight = batch.image.new_zeros(()), self.spectral_weight
        if is_training:
            if self.step % self.config.spectral_every:
                return total
            weight *= self.config.spectral_every
        self.terms = {}
        if weight == 0:
            return total
        for term in self.config.terms:
            if term.weight > 0:
                value = term(batch)
                self.terms[term.name] = value.detach()
                total = total + weight * term.weight * value.to(total)
        return total


def _views(local: Pair, constants: StepConstants, gains: dict[str, Tensor], means: Means) -> Pair:
    image, text = (
        enhanced_view(rows, constants.spectra[name].basis, gains[name], mean)
        for name, rows, mean in zip(MODALITIES, local, means, strict=True)
    )
    return image, text


def _centred(rows: Pair) -> tuple[Pair, Pair]:
    """Return the rows without their means, and the means as constants."""
    image, text = (x.mean(dim=0) for x in rows)
    return (rows[0] - image, rows[1] - text), (image.detach(), text.detach())


def _work(features: Tensor) -> Tensor:
    """Return the features in the precision of the spectral part: float32, or float64 as they are."""
    return features if features.dtype == torch.float64 else features.to(torch.float32)

"""A training between two steps: everything that a step reads and changes, and what a checkpoint holds."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from sde_core.retrieval.links import Ints
from sde_core.sets.embeddings import Floats
from sde_core.training.budget import Schedule
from sde_core.training.checkpoint import Checkpoint
from sde_core.training.config import FinetuneConfig
from sde_core.training.events import Metrics, SpectrumSnapshot
from sde_core.training.gradients import whole_batch_gradients
from sde_core.training.measure import encode_rows, gap, modality_spectrum, score_of, validation_metrics
from sde_core.training.objective import Objective
from sde_core.training.optimizer import adamw, learning_rate, optimizer_tensors, restore_optimizer, trainable
from sde_core.training.order import PairOrder
from sde_core.training.ranks import agreed, is_first, local_rows, mean_over_ranks, rank, wrapped
from sde_core.training.subject import Subject

_AUTOCAST = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
# Below this scale half precision has failed so often in a row that the loss itself is to blame.
_LEAST_SCALE = 1.0


class NotFiniteError(ArithmeticError):
    """Loss or gradient is NaN or infinite; the weights are still those of the step before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNumbers:
    """What one step measured on the way."""

    loss: float
    parts: dict[str, float]
    learning_rate: float
    logit_scale: float
    gradient_norm: float


class Training:
    """Model, loss, optimiser and counters; `take_step` and `look` move them.

    Args:
        subject: pairs and model.
        config: settings.
        schedule: steps of the whole training, and between two looks.
        device: where it computes.
    """

    def __init__(
        self, subject: Subject, config: FinetuneConfig, *, schedule: Schedule, device: torch.device
    ) -> None:
        self.subject, self.config, self.device = subject, config, device
        self.total_steps, self.evaluate_every = schedule.total_steps, schedule.evaluate_every
        self.model = subject.new_model(config)
        self.order = pair_order(subject, config)
        self.objective = Objective(config, schedule.total_steps)
        self.optimizer = adamw(self.model, config)
        self.scaler = torch.amp.GradScaler(device.type, enabled=config.precision == "fp16")
        self.rows = local_rows(config.batch_size, config.accumulate)
        has_towers = config.train in ("last-block", "full")
        self.forward = wrapped(self.model, device, may_skip_layers=has_towers)
        self.step = 0
        self.evaluated_step = -1
        self.best_step = 0
        self.best_score = -math.inf
        self.looks_since_best = 0
        self.model.train()

    @property
    def n_parameters(self) -> int:
        """Numbers that are trained."""
        return sum(p.numel() for _, p in trainable(self.model))

    @property
    def is_due(self) -> bool:
        """Whether the state after these steps is to be looked at and has not been."""
        is_time = self.step % self.evaluate_every == 0 or self.step >= self.total_steps
        return (is_time or self.evaluated_step < 0) and self.evaluated_step < self.step

    @property
    def is_over(self) -> bool:
        """Whether all steps are done, or patience is."""
        patience = self.config.patience
        return self.step >= self.total_steps or (patience is not None and self.looks_since_best >= patience)

    def take_step(self) -> StepNumbers:
        """Do one optimiser step.

        Raises:
            NotFiniteError: loss or gradient is not finite; nothing was changed.
        """
        rate = learning_rate(self.step, self.total_steps, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        scale = float(self.model.log_scale.detach().exp())
        self.optimizer.zero_grad(set_to_none=True)
        loss, parts = self._gradients()
        if not math.isfinite(loss):
            raise NotFiniteError(f"the loss became {loss}")
        self.scaler.unscale_(self.optimizer)
        parameters = [p for _, p in trainable(self.model)]
        norm = float(nn.utils.clip_grad_norm_(parameters, self.config.clip_norm or math.inf))
        is_half = self.scaler.is_enabled()
        if not math.isfinite(norm) and (not is_half or self.scaler.get_scale() < _LEAST_SCALE):
            raise NotFiniteError("the gradient is not finite")
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.model.limit_scale()
        self.step += 1
        return StepNumbers(loss=loss, parts=parts, learning_rate=rate, logit_scale=scale, gradient_norm=norm)

    def _gradients(self) -> tuple[float, dict[str, float]]:
        images, texts = self.order.batch(self.step)
        same = None
        if self.objective.needs_marks:
            same = torch.from_numpy(self.subject.meaning.same(images, texts)).to(self.device)
        images, texts = images[self.rows], texts[self.rows]
        if self.step + 1 < self.total_steps:
            coming = self.order.batch(self.step + 1)[0][self.rows]
            self.subject.inputs.expect(np.concatenate([images, coming]))
        loss, parts = whole_batch_gradients(
            self.forward,
            lambda part: (self.subject.inputs.images(images[part]), self.subject.inputs.texts(texts[part])),
            lambda x, y, scale, bias: self.objective(x, y, scale, bias, same),
            rows=len(images),
            parts=self.config.accumulate,
            autocast=_AUTOCAST[self.config.precision],
            seed=(self.config.noise_seed, self.step, rank()),
            scaler=self.scaler,
        )
        values = mean_over_ranks(torch.stack([x.double() for x in (loss, *parts.values())])).tolist()
        return values[0], dict(zip(parts, values[1:], strict=True))

    def look(self) -> tuple[Metrics, SpectrumSnapshot] | None:
        """Measure the state after these steps and note whether it is the best.

        Returns:
            What was measured; None on all processes but the first, which is the one that measures.

        Raises:
            NotFiniteError: the model gives vectors that are not finite.
        """
        values = self.validation() if is_first() else {}
        score = agreed(score_of(values) if values else math.nan, self.device)
        is_best = score > self.best_score
        if is_best:
            self.best_score, self.best_step, self.looks_since_best = score, self.step, 0
        else:
            self.looks_since_best += 1
        self.evaluated_step = self.step
        if not values:
            return None
        metrics = Metrics(step=self.step, values=values, score=score, is_best=is_best)
        return metrics, self._snapshot()

    def validation(self) -> dict[str, float]:
        """Return `retrieval_metrics` of the validation images with all their captions."""
        subject, split = self.subject, self.subject.split
        texts = subject.text_rows_of_val
        image = encode_rows(self.model, subject.inputs, split.val, "image")
        text = encode_rows(self.model, subject.inputs, texts, "text")
        if not (np.isfinite(image).all() and np.isfinite(text).all()):
            raise NotFiniteError("the vectors became infinite or NaN")
        return validation_metrics(image, text, _positions(subject.source.links, texts, split.val))

    def _snapshot(self) -> SpectrumSnapshot:
        rows = spectrum_rows(self.subject)
        texts = self.subject.source.primary_text[rows]
        image = encode_rows(self.model, self.subject.inputs, rows, "image")
        text = encode_rows(self.model, self.subject.inputs, texts, "text")
        return SpectrumSnapshot(
            step=self.step,
            image=modality_spectrum(image, self.config.rule, (image, text)),
            text=modality_spectrum(text, self.config.rule, (image, text)),
            gap=gap(image, text),
            n_samples=len(rows),
        )

    def vectors(self) -> tuple[Floats, Floats]:
        """Return all images and all captions as vectors of the model as it is now."""
        source = self.subject.source
        return (
            encode_rows(self.model, self.subject.inputs, np.arange(source.n_images), "image"),
            encode_rows(self.model, self.subject.inputs, np.arange(source.n_texts), "text"),
        )

    def checkpoint(self) -> Checkpoint:
        """Return everything that `restore` needs to go on as if nothing had happened."""
        counts = ("step", "total_steps", "evaluate_every", "evaluated_step", "best_step", "looks_since_best")
        return Checkpoint(
            config=self.config,
            source=self.subject.identity,
            subject=self.subject.title,
            counts={name: getattr(self, name) for name in counts},
            best_score=self.best_score,
            model=self.model.trained_state(),
            optimizer=optimizer_tensors(self.optimizer, self.model),
            loss=self.objective.state(),
            scaler=self.scaler.state_dict(),
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take over a checkpoint of the same training."""
        self.model.load_trained_state(dict(checkpoint.model))
        restore_optimizer(self.optimizer, self.model, checkpoint.optimizer)
        self.objective.restore(dict(checkpoint.loss))
        if checkpoint.scaler:
            self.scaler.load_state_dict(dict(checkpoint.scaler))
        for name, value in checkpoint.counts.items():
            setattr(self, name, value)
        self.best_score = checkpoint.best_score


def pair_order(subject: Subject, config: FinetuneConfig) -> PairOrder:
    """Return the batches of the training pairs."""
    return PairOrder(
        subject.split.train,
        subject.source.links,
        batch_size=config.batch_size,
        seed=config.data_seed,
        sampled=config.captions == "sampled",
    )


def spectrum_rows(subject: Subject) -> Ints:
    """Return the images whose spectrum is shown: validation ones, and as many others as cost little."""
    split = subject.split
    room = max(0, subject.inputs.spectrum_rows - len(split.val))
    others = np.random.default_rng(0).permutation(split.train)[:room]
    return np.sort(np.concatenate([split.val, others]))


def _positions(links: Ints, texts: Ints, images: Ints) -> Ints:
    """Return the links between given text and image rows, both ascending, as positions among them."""
    inside = links[np.isin(links[:, 1], images)]
    return np.stack([np.searchsorted(texts, inside[:, 0]), np.searchsorted(images, inside[:, 1])], axis=1)

"""What is trained, by which loss and how; every field has a default that suits a CPU and a minute."""

import math
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

from sde_core.checks.brief import brief
from sde_core.errors import ConfigError
from sde_core.losses.config import SDELossConfig
from sde_core.partition import rule_names
from sde_core.shaping.curriculum import CurriculumConfig, check_name

Trained: TypeAlias = Literal["adapter", "heads", "last-block", "full"]
LossName: TypeAlias = Literal["infonce", "siglip", "sde", "fanoise", "barlow", "vicreg"]
ContrastName: TypeAlias = Literal["infonce", "siglip"]

# Tried on the bundled pairs (adapter, heads) or common practice for CLIP fine-tuning (the towers).
LEARNING_RATES: dict[str, float] = {"adapter": 5e-4, "heads": 5e-4, "last-block": 1e-4, "full": 1e-5}
LORA_RATE = 5e-4


DEFAULT_BATCH = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class LossConfig:
    """Which loss is minimised.

    Attributes:
        name: "infonce" and "siglip" are plain contrastive losses; "sde" is `SDELoss`, "fanoise" spectral
            noise, "barlow" and "vicreg" a regulariser beside the contrastive loss ``base``.
        base: contrastive loss under "sde", "fanoise", "barlow" and "vicreg".
        sde: terms of "sde"; total steps and seed are set by the training.
        rho: noise of "fanoise", at least 0.
        weight: of the regulariser of "barlow" and "vicreg", at least 0.
    """

    name: LossName = "infonce"
    base: ContrastName = "infonce"
    sde: SDELossConfig = field(default_factory=SDELossConfig)
    rho: float = 0.1
    weight: float = 0.01

    __repr__ = brief

    def __post_init__(self) -> None:
        check_name(self.name, "loss", get_args(LossName))
        check_name(self.base, "base", get_args(ContrastName))
        for what in ("rho", "weight"):
            _check_at_least(getattr(self, what), what, 0.0)
        if not isinstance(self.sde.rule, str):
            raise ConfigError(
                "sde.rule must be the name of a rule, so that a checkpoint can name it; "
                f"got {self.sde.rule!r}: make it known by register_rule"
            )

    @property
    def contrast(self) -> ContrastName:
        """The contrastive loss that is used in the end."""
        return self.name if self.name in ("infonce", "siglip") else self.base


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneConfig:
    """Settings of one training.

    Attributes:
        train: "adapter" (a residual linear map of each modality's vectors), "heads" (the encoder's last
            projections, on cached features of its frozen trunks), "last-block" (projections and the last
            ``unlocked_groups`` groups of both towers) or "full".
        loss: what is minimised.
        epochs: passes over the training pairs, at least 1; counts where ``steps`` and ``seconds`` are None.
        steps: optimiser steps, at least 1, or None.
        seconds: about how long to train, above 0, or None; the number of steps is fixed after a trial step.
        batch_size: pairs of an optimiser step that contrast with each other, over all devices together; the default
            is as many as there are to train on, where these are fewer.
        accumulate: parts in which a batch passes the model; the gradient is that of the whole batch.
        learning_rate: peak, above 0; None takes the usual one of ``train``.
        weight_decay: AdamW's, at least 0, on matrices only; it pulls an adapter back to the start.
        warmup: share of all steps in [0, 1) with a rising rate; a cosine to 0 follows.
        clip_norm: largest norm of the gradient, above 0, or None.
        precision: "fp32", or mixed "bf16" or "fp16".
        unlocked_groups: open_clip's groups that "last-block" trains in each tower, at least 1; 2 are the last
            block and the projection of a transformer.
        lora_rank: 0 trains the weights themselves; above 0, low-rank changes of the towers' linear layers.
        captions: "sampled" draws one of a picture's captions each epoch, "primary" takes the first.
        duplicates: "skipped" takes no pair as a negative of one that shares its caption or ``concept``;
            "negatives" does as plain CLIP training does.
        concept: metadata column whose equal values mean the same thing, or "".
        temperature: at the start of an adapter on given vectors, at least 0.01; else the encoder's own.
        data_seed: of the order of pairs and the captions drawn.
        noise_seed: of the losses' noise and of dropout.
        init_seed: of LoRA's first weights.
        val_share: share of the pictures held out where the metadata names no "val" split, in (0, 1).
        split_seed: of that hold-out.
        evaluate_every: steps between two looks at validation, spectrum and disk; None is a 20th of all, or rarer
            so that looks take a third of ``seconds`` at most.
        patience: looks without a better score before an early stop; the best weights are then the result.
            None trains to the end and takes the last ones.
        rule: partition rule of the spectra shown.
        when_disk_full: "stop", or "continue" without a checkpoint.
        device: "auto", "cpu", "cuda" or "cuda:N".
        workers: threads that read pictures ahead.

    Raises:
        ConfigError: a value outside its range or an unknown name.
    """

    train: Trained = "adapter"
    loss: LossConfig = field(default_factory=LossConfig)
    epochs: int = 20
    steps: int | None = None
    seconds: float | None = None
    batch_size: int = DEFAULT_BATCH
    accumulate: int = 1
    learning_rate: float | None = None
    weight_decay: float = 0.1
    warmup: float = 0.1
    clip_norm: float | None = 1.0
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    unlocked_groups: int = 2
    lora_rank: int = 0
    captions: Literal["sampled", "primary"] = "sampled"
    duplicates: Literal["skipped", "negatives"] = "skipped"
    concept: str = ""
    temperature: float = 0.07
    data_seed: int = 0
    noise_seed: int = 0
    init_seed: int = 0
    val_share: float = 0.1
    split_seed: int = 0
    evaluate_every: int | None = None
    patience: int | None = None
    rule: str = "mp-iqr"
    when_disk_full: Literal["stop", "continue"] = "stop"
    device: str = "auto"
    workers: int = 2

    __repr__ = brief

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            check_name(getattr(self, name), name, allowed)
        check_name(self.rule, "rule", rule_names())
        for name, least in _COUNTS.items():
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < least):
                raise ConfigError(f"{name} must be a whole number of at least {least}; got {value}")
        _check_at_least(self.weight_decay, "weight_decay", 0.0)
        # open_clip's limit on 1 / temperature.
        _check_at_least(self.temperature, "temperature", 0.01)
        for name in ("seconds", "learning_rate", "clip_norm"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value < math.inf:
                raise ConfigError(f"{name} must be finite and above 0; got {value}")
        if not 0.0 <= self.warmup < 1.0:
            raise ConfigError(f"warmup must lie in [0, 1); got {self.warmup}")
        if not 0.0 < self.val_share < 1.0:
            raise ConfigError(f"val_share must lie between 0 and 1; got {self.val_share}")
        if self.batch_size % self.accumulate:
            raise ConfigError(
                f"batch_size must be a multiple of accumulate; got {self.batch_size} and {self.accumulate}"
            )
        if self.lora_rank and self.train not in ("last-block", "full"):
            raise ConfigError(
                f'lora_rank changes the towers, so train must be "last-block" or "full"; got {self.train!r}'
            )

    @property
    def peak_rate(self) -> float:
        """The learning rate after the warm-up."""
        if self.learning_rate is not None:
            return self.learning_rate
        return LORA_RATE if self.lora_rank else LEARNING_RATES[self.train]


# What a resumed training may do differently without changing a number.
_FREE = ("when_disk_full", "device", "workers")

_CHOICES: dict[str, tuple[str, ...]] = {
    "train": get_args(Trained),
    "precision": ("fp32", "bf16", "fp16"),
    "captions": ("sampled", "primary"),
    "duplicates": ("skipped", "negatives"),
    "when_disk_full": ("stop", "continue"),
}
_COUNTS = {
    "epochs": 1, "steps": 1, "batch_size": 2, "accumulate": 1, "unlocked_groups": 1, "lora_rank": 0,
    "data_seed": 0, "noise_seed": 0, "init_seed": 0, "split_seed": 0, "evaluate_every": 1, "patience": 1,
    "workers": 1,
}  # fmt: skip


def config_to_plain(config: FinetuneConfig) -> dict[str, Any]:
    """Return the settings as nested dictionaries that JSON takes."""
    plain: dict[str, Any] = _as_plain(config)
    return plain


def config_from_plain(plain: dict[str, Any]) -> FinetuneConfig:
    """Return the settings that `config_to_plain` gave.

    Raises:
        ConfigError: a value outside its range.
        KeyError, TypeError: not such a dictionary.
    """
    loss = dict(plain["loss"])
    sde = dict(loss["sde"])
    curriculum = sde["enhancement"]
    sde["enhancement"] = None if curriculum is None else CurriculumConfig(**curriculum)
    return FinetuneConfig(**plain | {"loss": LossConfig(**loss | {"sde": SDELossConfig(**sde)})})


def settings_that_differ(before: FinetuneConfig, now: FinetuneConfig) -> list[tuple[str, Any, Any]]:
    """Return (name, before, now) of each setting that changes what a training computes."""
    first, second = (_flat(config_to_plain(c)) for c in (before, now))
    names = [n for n in first | second if n not in _FREE and first.get(n) != second.get(n)]
    return [(name, first.get(name), second.get(name)) for name in names]


def with_free_settings(before: FinetuneConfig, now: FinetuneConfig) -> FinetuneConfig:
    """Return ``before`` with what ``now`` says of device, disk and threads."""
    return replace(before, **{name: getattr(now, name) for name in _FREE})


def _as_plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, SDELossConfig):
        return {name: _as_plain(x) for name, x in value.flat().items()}
    if is_dataclass(value):
        return {f.name: _as_plain(getattr(value, f.name)) for f in fields(value)}
    return value


def _flat(plain: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in plain.items():
        name = f"{prefix}{key}"
        found |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return found


def _check_at_least(value: float, name: str, least: float) -> None:
    # Written as "not inside", so that NaN is refused too.
    if not least <= value < math.inf:
        raise ConfigError(f"{name} must be finite and at least {least:g}; got {value}")

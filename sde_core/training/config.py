"""What is trained, by which loss and how; every field has a default that suits a CPU and a minute."""

from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeAlias

from sde_core.checks.brief import brief
from sde_core.checks.settings import (
    Help,
    OneOf,
    Positive,
    Range,
    Share,
    Weight,
    check_settings,
    documented,
    to_plain,
)
from sde_core.errors import ConfigError
from sde_core.losses.config import SDELossConfig
from sde_core.partition import rule_names

Trained: TypeAlias = Literal["adapter", "heads", "last-block", "full"]
LossName: TypeAlias = Literal["infonce", "siglip", "sde", "fanoise", "barlow", "vicreg"]
ContrastName: TypeAlias = Literal["infonce", "siglip"]

# Tried on the bundled pairs (adapter, heads) or common practice for CLIP fine-tuning (the towers).
LEARNING_RATES: dict[str, float] = {"adapter": 5e-4, "heads": 5e-4, "last-block": 1e-4, "full": 1e-5}
LORA_RATE = 5e-4


DEFAULT_BATCH = 512


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class LossConfig:
    """Which loss is minimised; total steps and seed of ``sde`` are set by the training.

    Raises:
        ConfigError: a value outside its range, or a rule of ``sde`` without a name.
    """

    name: Annotated[
        LossName,
        Help("contrastive alone, SDELoss, FANoise, or a rival's regulariser beside the contrastive loss"),
    ] = "infonce"
    base: Annotated[ContrastName, Help("contrastive loss under sde, fanoise, barlow, vicreg")] = "infonce"
    sde: Annotated[SDELossConfig, Help("terms of sde")] = field(default_factory=SDELossConfig)
    rho: Annotated[float, Weight, Help("noise of fanoise")] = 0.1
    weight: Annotated[float, Weight, Help("of barlow's or vicreg's term")] = 0.01

    __repr__ = brief

    def __post_init__(self) -> None:
        check_settings(self, lambda name: "loss" if name == "name" else name)
        if not isinstance(self.sde.rule, str):
            raise ConfigError(
                "sde.rule must be the name of a rule, so that a checkpoint can name it; "
                f"got {self.sde.rule!r}: make it known by register_rule"
            )

    @property
    def contrast(self) -> ContrastName:
        """The contrastive loss that is used in the end."""
        return self.name if self.name in ("infonce", "siglip") else self.base


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneConfig:
    """Settings of one training; of steps, seconds and epochs the first that is given counts.

    Raises:
        ConfigError: a value outside its range, an unknown name, or two settings that exclude each other.
    """

    train: Annotated[
        Trained,
        Help(
            "what is trained: a residual linear map of each modality's vectors (adapter), the encoder's last "
            "projections on cached features (heads), these and the last groups of both towers (last-block), or all"
        ),
    ] = "adapter"
    loss: Annotated[LossConfig, Help("what is minimised")] = field(default_factory=LossConfig)
    epochs: Annotated[int, Range(1), Help("passes over the training pairs")] = 20
    steps: Annotated[int | None, Range(1), Help("optimiser steps instead of epochs")] = None
    seconds: Annotated[
        float | None,
        Positive,
        Help("about how long to train instead of epochs; a trial step fixes the steps"),
    ] = None
    batch_size: Annotated[
        int,
        Range(2),
        Help(
            "pairs that contrast, over all devices together; all there are, where these are fewer than the default"
        ),
    ] = DEFAULT_BATCH
    accumulate: Annotated[
        int, Range(1), Help("parts in which a batch passes the model; the gradient is that of the whole")
    ] = 1
    learning_rate: Annotated[
        float | None, Positive, Help("peak; default: the usual one of what is trained")
    ] = None
    weight_decay: Annotated[float, Weight, Help("AdamW's, on matrices; it pulls an adapter to its start")] = (
        0.1
    )
    warmup: Annotated[float, Share, Help("share of the steps with a rising rate; a cosine to 0 follows")] = (
        0.1
    )
    clip_norm: Annotated[float | None, Positive, Help("largest norm of the gradient")] = 1.0
    precision: Annotated[Literal["fp32", "bf16", "fp16"], Help("bf16 and fp16 are mixed")] = "fp32"
    unlocked_groups: Annotated[
        int,
        Range(1),
        Help("groups of each tower that last-block trains; 2 are the last block and the projection"),
    ] = 2
    lora_rank: Annotated[int, Range(0), Help("of low-rank changes of the towers; 0 trains the weights")] = 0
    captions: Annotated[
        Literal["sampled", "primary"], Help("one of an image's captions drawn each epoch, or its first")
    ] = "sampled"
    duplicates: Annotated[
        Literal["skipped", "negatives"],
        Help("pairs of one caption or concept in a batch; plain CLIP: negatives"),
    ] = "skipped"
    concept: Annotated[str, Help("metadata column whose equal values mean the same")] = ""
    # open_clip's limit on 1 / temperature.
    temperature: Annotated[float, Range(0.01), Help("of an adapter on given vectors at the start")] = 0.07
    data_seed: Annotated[int, Range(0), Help("of order and captions")] = 0
    noise_seed: Annotated[int, Range(0), Help("of the losses' noise and of dropout")] = 0
    init_seed: Annotated[int, Range(0), Help("of low-rank changes")] = 0
    val_share: Annotated[
        float,
        Range(0.0, 1.0, low_open=True, high_open=True),
        Help("held out where the metadata has no val split"),
    ] = 0.1
    split_seed: Annotated[int, Range(0), Help("of that hold-out")] = 0
    evaluate_every: Annotated[
        int | None, Range(1), Help("steps between looks and checkpoints; default: a 20th of all, or rarer")
    ] = None
    patience: Annotated[
        int | None, Range(1), Help("looks without a better score before an early stop with the best weights")
    ] = None
    rule: Annotated[str, OneOf(rule_names), Help("partition rule of the spectra shown")] = "mp-iqr"
    when_disk_full: Annotated[Literal["stop", "continue"], Help("continue goes on without a checkpoint")] = (
        "stop"
    )
    device: Annotated[str, Help("auto, cpu, cuda or cuda:N; under torchrun the own GPU")] = "auto"
    workers: Annotated[int, Range(1), Help("threads that read images ahead")] = 2

    __repr__ = brief

    def __post_init__(self) -> None:
        check_settings(self)
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


def settings_that_differ(before: FinetuneConfig, now: FinetuneConfig) -> list[tuple[str, Any, Any]]:
    """Return (name, before, now) of each setting that changes what a training computes."""
    first, second = (_flat(to_plain(c)) for c in (before, now))
    names = [n for n in first | second if n not in _FREE and first.get(n) != second.get(n)]
    return [(name, first.get(name), second.get(name)) for name in names]


def with_free_settings(before: FinetuneConfig, now: FinetuneConfig) -> FinetuneConfig:
    """Return ``before`` with what ``now`` says of device, disk and threads."""
    return replace(before, **{name: getattr(now, name) for name in _FREE})


def _flat(plain: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in plain.items():
        name = f"{prefix}{key}"
        found |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return found

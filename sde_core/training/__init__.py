"""Fine-tuning as a stream of typed events: what is trained, by which loss, and what comes out."""

from sde_core.training.config import FinetuneConfig, LossConfig
from sde_core.training.events import (
    CheckpointFailed,
    CheckpointSaved,
    Done,
    Event,
    Failed,
    Metrics,
    ModalitySpectrum,
    SpectrumSnapshot,
    Started,
    Step,
)
from sde_core.training.interpolation import Interpolated, interpolate, interpolation_sweep
from sde_core.training.plan import finetune
from sde_core.training.side_by_side import finetune_side_by_side

__all__ = [
    "CheckpointFailed",
    "CheckpointSaved",
    "Done",
    "Event",
    "Failed",
    "FinetuneConfig",
    "Interpolated",
    "LossConfig",
    "Metrics",
    "ModalitySpectrum",
    "SpectrumSnapshot",
    "Started",
    "Step",
    "finetune",
    "finetune_side_by_side",
    "interpolate",
    "interpolation_sweep",
]

"""Weights & Biases: looks on an axis of their own steps."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sde_core.training.monitoring.look import Look
from sde_core.training.monitoring.sinks.content import PREFIX, Waterfalls, needs, scalars_of
from sde_core.training.monitoring.verdicts import Alarm

if TYPE_CHECKING:
    import wandb


class WandbSink:
    """Logs looks to a run; ``sde/step`` is their axis, so that the trainer's own steps stay what they are.

    Args:
        run: of the trainer: a look is then part of the row that the trainer logs next. None starts a run of its own, by
            the settings of W&B (WANDB_MODE=offline needs no network), and ends it with the monitor.

    Raises:
        ConfigError: wandb is not installed.
    """

    def __init__(self, run: "wandb.Run | None" = None) -> None:
        try:
            import wandb
        except ImportError:
            raise needs("wandb", "WandbSink") from None
        self._image, self._is_own = wandb.Image, run is None
        self._run = wandb.init() if run is None else run
        self._run.define_metric(f"{PREFIX}step", hidden=True)
        self._run.define_metric(f"{PREFIX}*", step_metric=f"{PREFIX}step")
        self._waterfalls = Waterfalls()

    def __call__(self, look: Look, alarms: Sequence[Alarm]) -> None:
        """Log a look."""
        row: dict[str, Any] = {f"{PREFIX}step": look.step, **scalars_of(look)}
        row |= {name: self._image(picture) for name, picture in self._waterfalls.with_look(look).items()}
        if alarms:
            row[f"{PREFIX}alarms"] = "\n".join(map(str, alarms))
            self._run.summary[f"{PREFIX}last alarm"] = str(alarms[-1])
        self._run.log(row, commit=self._is_own)

    def close(self) -> None:
        """End the run, if it is our own."""
        if self._is_own:
            self._run.finish()

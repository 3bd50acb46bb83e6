"""TensorBoard: scalars, waterfalls and alarms beside the trainer's own."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sde_core.training.monitoring.look import Look
from sde_core.training.monitoring.sinks.content import PREFIX, Waterfalls, needs, scalars_of
from sde_core.training.monitoring.verdicts import Alarm

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class TensorBoardSink:
    """Logs looks at their steps.

    Args:
        place: folder of the event files, or a `SummaryWriter` of the trainer's, which stays open.

    Raises:
        ConfigError: tensorboard is not installed.
    """

    def __init__(self, place: "str | Path | SummaryWriter") -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise needs("tensorboard", "TensorBoardSink") from None
        self._is_own = not isinstance(place, SummaryWriter)
        self._writer = place if isinstance(place, SummaryWriter) else SummaryWriter(str(place))
        self._waterfalls = Waterfalls()

    def __call__(self, look: Look, alarms: Sequence[Alarm]) -> None:
        """Log a look."""
        for name, value in scalars_of(look).items():
            self._writer.add_scalar(name, value, look.step)
        for name, picture in self._waterfalls.with_look(look).items():
            self._writer.add_image(name, picture, look.step, dataformats="HWC")
        for alarm in alarms:
            self._writer.add_text(f"{PREFIX}alarms", str(alarm), look.step)
        self._writer.flush()

    def close(self) -> None:
        """Close the event file, if it is our own."""
        if self._is_own:
            self._writer.close()

"""The rows of the last steps before a look, held where the features are until the look is taken."""

from torch import Tensor


class RowWindow:
    """The last ``n_rows`` pairs of rows, in order; rows of other widths start it anew.

    Args:
        n_rows: at least 2.
    """

    def __init__(self, n_rows: int) -> None:
        self.n_rows = n_rows
        self._parts: list[tuple[Tensor, Tensor]] = []

    @property
    def widths(self) -> tuple[int, int] | None:
        """Widths of both sides, or None while it is empty."""
        return (self._parts[-1][0].shape[1], self._parts[-1][1].shape[1]) if self._parts else None

    @property
    def last_rows(self) -> int:
        """Rows of the last part."""
        return len(self._parts[-1][0]) if self._parts else 0

    def add(self, image: Tensor, text: Tensor) -> None:
        """Add the rows of a call, copied; the oldest go when they are no longer needed."""
        if self.widths not in (None, (image.shape[1], text.shape[1])):
            self._parts.clear()
        # A copy: the trainer may write into its own tensors at once.
        self._parts.append((image[-self.n_rows :].detach().clone(), text[-self.n_rows :].detach().clone()))
        while sum(len(part[0]) for part in self._parts[1:]) >= self.n_rows:
            self._parts.pop(0)

    def take(self) -> tuple[list[Tensor], list[Tensor]]:
        """Return the parts of both sides and start anew."""
        parts, self._parts = self._parts, []
        return [part[0] for part in parts], [part[1] for part in parts]

"""Which steps of a training are looked at, whatever step it begins at, leaves out or goes back to."""


class Schedule:
    """The multiples of ``every``.

    Args:
        every: steps, at least 1.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._step = 0
        self._next: int | None = None

    def hear(self, step: int) -> str | None:
        """Take a call at a step, of which a step may have several; return what is odd about it."""
        remark = None
        if step < self._step:
            remark = f"the step went back from {self._step:,} to {step:,}"
            self._next = None
        if self._next is None or step > self._next:  # one that the trainer passed by is not made up for
            self._next = -(-step // self._every) * self._every
        self._step = step
        return remark

    @property
    def steps_left(self) -> int:
        """Steps from the one heard to the next that is looked at; 0 is this one."""
        return 0 if self._next is None else self._next - self._step

    def take(self) -> None:
        """Have this step looked at."""
        self._next = self._step + self._every

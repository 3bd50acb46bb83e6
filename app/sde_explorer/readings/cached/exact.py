"""Numbers of a seeded sample until a person asks for those of all rows: which jobs a view shows by now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from sde_explorer.jobs import Job
from sde_explorer.readings.cached.background import begin_again

Ask = Callable[[bool], Job]
"""Returns the job of all rows, or that of the sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """What is known of some numbers.

    Attributes:
        name: of the numbers.
        of: what they depend on; other content was not asked for.
        jobs: to show: of all rows once all are there, of the sample until then.
        finer: jobs of all rows that were asked for and are not done.
        is_whole: whether those to show are of all rows.
    """

    name: str
    of: str
    jobs: list[Job]
    finer: list[Job]
    is_whole: bool = False

    def ask(self) -> None:
        """Ask for all rows from now on; what was stopped or failed begins again."""
        st.session_state[_flag(self.name)] = self.of
        for job in self.finer:
            begin_again(job.key)

    def whole_s(self, growth: float) -> float:
        """Return about how many seconds all rows take; 0 where that is not known, or they are on their way.

        Args:
            growth: by how much more rows take longer.
        """
        if any(job.status != "done" for job in self.jobs) or any(job.is_active for job in self.finer):
            return 0.0
        return growth * sum(job.seconds for job in self.jobs)


def best(name: str, of: str, asks: Sequence[Ask]) -> Best:
    """Return the jobs of some numbers; all rows are begun only where this session asked for them.

    Args:
        name: of the numbers.
        of: what they depend on.
        asks: one for each job that is shown.
    """
    some = [ask(False) for ask in asks]
    if st.session_state.get(_flag(name)) != of:
        return Best(name=name, of=of, jobs=some, finer=[])
    whole = [ask(True) for ask in asks]
    missing = [job for job in whole if job.status != "done"]
    return Best(name=name, of=of, jobs=some if missing else whole, finer=missing, is_whole=not missing)


def _flag(name: str) -> str:
    return f"exact_{name}"

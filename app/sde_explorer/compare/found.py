"""Two sets, and the jobs that compare them: those of the picture at once, those of a tab when it is opened."""

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

import sde_core as sde
from sde_explorer.compare.cached import both, decided, measured
from sde_explorer.ui.notices import error_box

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sde_core.partition import Bands
    from sde_explorer.compare.cached.both import Common
    from sde_explorer.compare.state import CompareState
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.exact import Best

Result = TypeVar("Result")


def results(jobs: "Sequence[Job]", kind: type[Result], *, first: bool = False) -> list[Result]:
    """Return what those jobs came to that are done.

    Args:
        jobs: any.
        kind: of result.
        first: whether what there is already of the others counts as well.
    """
    found = [job.partial if first and job.is_active else job.result for job in jobs]
    return [each for each in found if isinstance(each, kind)]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two sets, and what the picture shows of them; jobs begin when they are asked for first.

    Attributes:
        common: both, on what they share.
        state: of the dashboard; its second set is never nothing.
        pairs: bands of A and B, by modality; none if the rule misses something.
        finer: jobs of all rows that are asked for and not there; what is shown changes only as a whole.
    """

    common: "Common"
    state: "CompareState"
    pairs: "list[tuple[Bands, Bands]]"
    finer: "list[Job]" = field(default_factory=list)

    @cached_property
    def neighbours(self) -> "list[Job]":
        """Jobs, one a modality; none where nothing pairs the rows."""
        return [self._best(partial(measured.neighbours, self.common, m)) for m in self._known]

    @cached_property
    def retrieval(self) -> "list[Job]":
        """The job, where both have captions."""
        if len(self._known) < 2:
            return []
        return [self._best(partial(measured.retrieval, self.common))]

    @cached_property
    def _known(self) -> list[str]:
        return modalities_of(self.common) if self.common.is_paired else []

    def _best(self, ask: "Callable[..., Job]") -> "Job":
        """Return the job of all rows once it is done, and that of the sample until then."""
        some = ask()
        if not (measured.is_sampled(self.common) and measured.asks_all(self.common)):
            return some
        whole = ask(whole=True)
        if whole.status == "done":
            return whole
        self.finer.append(whole)
        return some

    def whole_s(self) -> float:
        """Return about how many seconds all rows take; 0 where that is not known, or they are on their way."""
        jobs = [*self.neighbours, *self.retrieval]
        if any(job.status != "done" for job in jobs) or any(job.is_active for job in self.finer):
            return 0.0
        sizes = [(job, *job.result.sample) for job in jobs]
        return sum((job.seconds * (total / n) ** 2 for job, n, total in sizes if n < total), 0.0)

    def subspaces(self) -> "Best":
        """Return the jobs that compare the strong subspaces, which starts them."""
        return measured.subspaces(self.common, self.state.center, self._known_pairs)

    def separate(self) -> "Best":
        """Return the jobs that ask how separate directions are, which starts them."""
        return measured.separate(self.common, self.state.center, self._known_pairs)

    @property
    def _known_pairs(self) -> "list[tuple[Bands, Bands]]":
        return [two for two in self.pairs if two[0].modality in self._known]

    def similarity(self) -> "list[Job]":
        """Return the job that compares the spaces, which starts it."""
        return [self._best(partial(measured.similarity, self.common))] if self.common.is_paired else []

    def same_space(self) -> "Best":
        """Return the job that says whether it is the same space, which starts it."""
        return decided.same_space(self.common)

    def calibrated(self) -> "Best":
        """Return the jobs that tell similarities from chance, which starts them."""
        return decided.calibrated(self.common, self._known)


def compared(common: "Common", state: "CompareState") -> Compared:
    """Return what is known of two sets; what the rule misses is said on the page, and the rest works on.

    Args:
        common: both sets.
        state: of the dashboard.
    """
    return Compared(common=common, state=state, pairs=_bands(common, state))


def modalities_of(common: "Common") -> list[str]:
    """Return the modalities whose rows both sets share."""
    return [m for m in common.modalities if m == "image" or len(common.texts.first)]


def _bands(common: "Common", state: "CompareState") -> "list[tuple[Bands, Bands]]":
    shown = [m for m in common.modalities if m in state.modalities] or list(common.modalities)
    try:
        return [both.bands_of(common, state, modality) for modality in shown]
    except sde.SDEError as error:
        error_box(error)
        return []

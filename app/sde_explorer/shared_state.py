"""What several views read: the open set, its bands, the treatment, and what is picked. No streamlit here."""

from dataclasses import dataclass
from typing import Annotated, Literal

from sde_core.checks.settings import Range
from sde_explorer.url_values import Numbers, Place

Center = Literal["removed", "kept"]
Show = Literal["both", "image", "text"]
Unit = Literal["rank", "share"]
Scale = Literal["linear", "log"]
Transform = Literal["none", "enhanced", "pruned"]
Schedule = Literal["cosine", "linear", "step", "constant"]
StrongMode = Literal["amplify", "noise", "adversarial"]

FACTOR_RANGE = (0.1, 10.0)
"""A threshold as a multiple of the rule's own."""


@dataclass(frozen=True, kw_only=True)
class SharedState:
    """What several views read: the open set, its bands, the treatment, and what is picked.

    Attributes:
        data: pairs that were encoded (a bundled set, or what was typed), or the folder of an embedding set.
        encoder: what encoded them, as `load_encoder` takes it.
        part: "column=value" filters; values of one column add up, columns narrow each other down.
        whole: 1 for all rows of a set that is so large that a sample of it is shown at first.
        center: whether the mean is removed before the spectrum.
        rule: partition rule.
        noise: noise threshold as a multiple of the rule's, the same for both modalities.
        strong: strong threshold as a multiple of the rule's, the same for both modalities.
        show: modalities in the charts.
        unit: directions counted by rank, or as a share of all directions.
        xscale: scale of the horizontal axis.
        yscale: scale of the vertical axis.
        transform: what is done to the vectors: nothing, the gains at ``t``, or noise directions to 0.
        t: training progress.
        rho: overall strength of the gains.
        alpha_start: curriculum factor at the end of the warm-up.
        alpha_end: curriculum factor at the end of training.
        schedule: how alpha goes from start to end.
        warmup: share of training over which alpha rises from 0.
        strong_mode: what moves the strong band.
        rows: pictures that were picked, by their row in what is shown.
        selection: a named selection of pictures, by its id; it says which rows are picked.
        names: what a person calls directions, such as "image 4 yellow against blue".
        given: the column that is taken off first; "" is none.
        tour: step of the guided tour, from 1; 0 is no tour.
        present: 1 for a projector: the tour's steps on the set that is open.
    """

    data: Annotated[str, Place()] = "emoji"
    encoder: Annotated[str, Place()] = "bundled"
    part: tuple[str, ...] = ()
    whole: Annotated[int, Range(0, 1)] = 0
    center: Center = "removed"
    rule: str = "mp-iqr"
    noise: Annotated[float, Range(*FACTOR_RANGE)] = 1.0
    strong: Annotated[float, Range(*FACTOR_RANGE)] = 1.0
    show: Show = "both"
    unit: Unit = "rank"
    xscale: Scale = "linear"
    yscale: Scale = "log"
    transform: Transform = "none"
    t: Annotated[float, Range(0.0, 1.0)] = 0.0
    rho: Annotated[float, Range(0.05, 1.0)] = 1.0
    alpha_start: Annotated[float, Range(0.0, 0.95)] = 0.5
    alpha_end: Annotated[float, Range(0.0, 0.95)] = 0.05
    schedule: Schedule = "cosine"
    warmup: Annotated[float, Range(0.0, 0.9)] = 0.0
    strong_mode: StrongMode = "amplify"
    rows: Annotated[tuple[int, ...], Numbers()] = ()
    selection: str = ""
    names: tuple[str, ...] = ()
    given: str = ""
    tour: Annotated[int, Range(0, 10)] = 0
    present: Annotated[int, Range(0, 1)] = 0

    @property
    def modalities(self) -> tuple[str, ...]:
        """Modalities in the charts, image first."""
        return ("image", "text") if self.show == "both" else (self.show,)

    @property
    def is_moved(self) -> bool:
        """Whether a threshold differs from the rule's own."""
        return (self.noise, self.strong) != (1.0, 1.0)

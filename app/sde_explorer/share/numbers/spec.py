"""The dashboard's state as the spec of a report, and a spec as the state that shows the same."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

import sde_core as sde
from sde_core.files import bundled
from sde_core.vocabulary import Centring
from sde_explorer.readings.gains import curriculum_of
from sde_explorer.readings.rules import rule_names
from sde_explorer.sets import SetEntry
from sde_explorer.share.state import ShareState
from sde_explorer.state import ALL_OF_IT, DEFAULT, State, link_of, linked_values, wild_parameters

if TYPE_CHECKING:
    from sde_core.report import ReportSpec, SetSpec

_CURRICULUM = {
    "start": "alpha_start",
    "end": "alpha_end",
    "schedule": "schedule",
    "warmup": "warmup",
    "rho": "rho",
    "strong": "strong_mode",
}
"""Field of `CurriculumConfig` -> field of the state."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What a spec asks the dashboard to show.

    Attributes:
        state: of the first set.
        fit_on_part: filters of the part that its treatments were fitted on; () for half of the set.
        has_other: whether the report holds the second set of Compare too.
        fingerprint: that the open set must have; "" accepts any.
        notes: what the dashboard cannot show, a sentence each.
    """

    state: State
    fit_on_part: tuple[str, ...]
    has_other: bool
    fingerprint: str
    notes: tuple[str, ...]


def query_of(state: ShareState) -> str:
    """Return the query of the address that restores a state; which part of Share was open is not part of it."""
    return urlencode(
        link_of(replace(state, share_part=DEFAULT.share_part)) or {"part": ALL_OF_IT}, doseq=True
    )


def set_name(entry: SetEntry) -> str:
    """Return what opens a set from the command line: the name of a bundled one, else its folder."""
    is_bundled = (
        entry.data in bundled.PAIR_SETS and str(bundled.embeddings_folder(entry.data)) == entry.folder
    )
    return entry.data if is_bundled else entry.folder


def spec_of(state: ShareState, sets: "Sequence[SetSpec]", *, title: str, series: str = "") -> "ReportSpec":
    """Return the spec of the report that shows what the dashboard shows.

    Args:
        state: of the dashboard.
        sets: what is reported on, the open set first.
        title: of the report.
        series: folder of the row of checkpoints that Compare shows, where this server opens it; "" is none.

    Raises:
        ConfigError: the state holds what a report cannot compute, such as the strong mode "adversarial".
    """
    from sde_core.report import ReportSpec

    return ReportSpec(
        title=title,
        sets=tuple(sets),
        rule=state.rule,
        center=Centring(state.center).value,
        noise_factor=state.noise,
        strong_factor=state.strong,
        progress=state.t,
        curriculum=asdict(curriculum_of(state)),
        seed=state.seed,
        link=query_of(state),
        series=series,
    )


def restored(spec: "ReportSpec", known: Sequence[SetEntry]) -> Restored:
    """Return what a spec asks for; its fields count more than its link, which holds the rest.

    Args:
        spec: from a file or from a report.
        known: sets that can be opened by the names of their pairs.

    Raises:
        DataError: a value that the dashboard cannot show.
    """
    given = spec.sets[0]
    linked = linked_values(parse_qs(spec.link), rule_names())
    data, encoder, part = _opened_by(given, known)
    if not encoder:  # a folder: its set names its encoder, and the link may know it
        encoder = linked.get("encoder", DEFAULT.encoder)
    curriculum = spec.curriculum
    state = replace(
        DEFAULT,
        **linked
        | {"data": data, "encoder": encoder, "part": part}
        | {"rule": spec.rule, "noise": float(spec.noise_factor), "strong": float(spec.strong_factor)}
        | {"t": float(spec.progress), "seed": spec.seed}
        | {"center": Centring(spec.center).label}
        | ({"series": spec.series} if spec.series else {})
        | {ours: curriculum[theirs] for theirs, ours in _CURRICULUM.items() if theirs in curriculum},
    )
    wild = wild_parameters(link_of(state), rule_names())
    if wild:
        raise sde.DataError(f"the dashboard cannot show this spec: {wild[0].replace('the link', 'the spec')}")
    has_other = bool(state.other) and len(spec.sets) == 2
    return Restored(
        state=state,
        fit_on_part=given.fit_on_part if given.fit_on == given.embeddings else (),
        has_other=has_other,
        fingerprint=given.fingerprint,
        notes=tuple(_notes(spec, has_other=has_other)),
    )


def _notes(spec: "ReportSpec", *, has_other: bool) -> list[str]:
    given, notes = spec.sets[0], []
    if len(spec.sets) > 1 + has_other:
        names = " and ".join(each.name for each in spec.sets[1:])
        notes.append(f"The spec holds {len(spec.sets)} sets: the first is opened, without {names}.")
    notes += [
        f"The dashboard has no control for the {name} band: its own way is shown."
        for name in ("weak", "noise")
        if spec.curriculum.get(name) == "off"
    ]
    if given.fit_on and given.fit_on != given.embeddings:
        notes.append(
            f"Its treatments were fitted on {given.fit_on_name}; a report of this page fits on the same set."
        )
    return notes


def _opened_by(given: "SetSpec", known: Sequence[SetEntry]) -> tuple[str, str, tuple[str, ...]]:
    """Return the data, encoder and part by which the dashboard opens a set of a spec."""
    name, _, split = given.embeddings.partition("/")
    if name in bundled.PAIR_SETS:
        return name, DEFAULT.encoder, (f"split={split}", *given.part) if split else given.part
    for entry in known:
        if entry.folder == given.embeddings:
            return entry.data, entry.encoder, given.part
    return given.embeddings, "", given.part

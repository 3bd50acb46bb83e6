"""What all views share, as one typed value; the widgets that set it mirror it in the URL.

A view adds what it shares or wants to find again as a field of `State`: the annotation says which values are
good (a `Literal`, a `Range`, `Numbers`) and, with `Said`, how the line at the top of every view names it. Reading,
checking and writing the link follow from that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints
from urllib.parse import quote

from sde_explorer import state_choices as options
from sde_explorer.url_values import MOST_LETTERS, Numbers, Range, Said, numbers_as_text

FACTOR_RANGE = (0.1, 10.0)
"""A threshold as a multiple of the rule's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state of the dashboard; each field is a URL parameter of the same name.

    Attributes:
        data: pairs that were encoded (a bundled set, or what was typed), or the folder of an embedding set.
        encoder: what encoded them, as `load_encoder` takes it.
        part: "column=value" filters; values of one column add up, columns narrow each other down.
        center: whether the mean is removed before the spectrum.
        rule: partition rule.
        noise: noise threshold as a multiple of the rule's, the same for both modalities.
        strong: strong threshold as a multiple of the rule's, the same for both modalities.
        show: modalities in the charts.
        unit: directions counted by rank, or as a share of all directions.
        xscale: scale of the horizontal axis.
        yscale: scale of the vertical axis.
        spectra: spectra of each modality, of both in one matrix, or of their cross-covariance.
        batch: number of pairs drawn at random for the spectra; 0 for everything there is.
        seed: of that draw.
        overlay: beside the spectra: what chance would give, how far they move with other rows, those of what is picked.
        section: open part of the Spectrum view.
        transform: what is done to the vectors: nothing, the gains at ``t``, or noise directions to 0.
        t: training progress.
        rho: overall strength of the gains.
        alpha_start: curriculum factor at the end of the warm-up.
        alpha_end: curriculum factor at the end of training.
        schedule: how alpha goes from start to end.
        warmup: share of training over which alpha rises from 0.
        strong_mode: what moves the strong band.
        followed: directions with a curve of their own, by rank from 1.
        rows: pictures that were picked, by their row in what is shown.
        selection: a named selection of pictures, by its id; it says which rows are picked.
        training: the training that is shown, by the name of its folder; "" takes the newest that runs.
        curriculum_part, training_part, data_part, share_part: open part of these views.
        known_of: whose directions are asked what they know.
        columns: of which columns; empty are those that say most.
        given: the column that is taken off first; "" is none.
        names: what a person calls directions, such as "image 4 yellow against blue".
        look: the open part of the Subspaces view.
        basis: whose spectrum a direction is read from.
        direction: number of the direction that is read, from 1.
        pairs: which pairs the table of energies lists.
        map: how the vectors are laid out in the plane.
        map_of: whose vectors the map shows.
        map_colour: what colours its points: a band's energy, the modality, or a column of the metadata.
        map_points: points of a UMAP at most; of more, a seeded sample.
        other: what the set is compared with: encoded pairs, a set's folder, the set itself transformed; "" is nothing.
        other_encoder: what encoded them; "" takes the first that is there.
        changed: whose changed neighbourhoods are shown.
        compare_look: the open part of the Compare view.
        search: what is searched with: typed text, an uploaded picture, or a pair of the set.
        find: what is searched for.
        query: the typed text.
        pair: row of the pair of the set that is searched with.
        recall_metric: what the chart of the retrieval table shows.
        recall_captions: captions in the gallery of the retrieval table: each picture's first, or every one.
        recall_row: row of that table whose changes are shown query by query.
        recall_way: direction of search of those changes, and of the finding.
        recall_look: the open part of the Retrieval view.
        tour: step of the guided tour, from 1; 0 is no tour.
        present: 1 for a projector: the tour's steps on the set that is open.
    """

    data: str = "emoji"
    encoder: str = "bundled"
    part: tuple[str, ...] = ()
    center: Annotated[options.Center, Said("mean {}", always=True)] = "removed"
    rule: Annotated[str, Said("{}", always=True)] = "mp-iqr"
    noise: Annotated[float, Range(*FACTOR_RANGE), Said("noise × {:.3g}", always=True)] = 1.0
    strong: Annotated[float, Range(*FACTOR_RANGE), Said("strong × {:.3g}", always=True)] = 1.0
    show: options.Show = "both"
    unit: options.Unit = "rank"
    xscale: options.Scale = "linear"
    yscale: options.Scale = "log"
    spectra: options.Spectra = "by modality"
    batch: Annotated[int, Range(0, 100_000_000)] = 0
    seed: Annotated[int, Range(0, 9_999)] = 0
    overlay: options.Overlay = "chance"
    section: options.Section = "Is it noise?"
    transform: Annotated[options.Transform, Said("vectors {}")] = "none"
    t: Annotated[float, Range(0.0, 1.0), Said("t = {:.2f}")] = 0.0
    rho: Annotated[float, Range(0.05, 1.0), Said("ρ = {:.2f}")] = 1.0
    alpha_start: Annotated[float, Range(0.0, 0.95), Said("α from {:.2f}")] = 0.5
    alpha_end: Annotated[float, Range(0.0, 0.95), Said("α to {:.2f}")] = 0.05
    schedule: Annotated[options.Schedule, Said("{} schedule")] = "cosine"
    warmup: Annotated[float, Range(0.0, 0.9), Said("warm-up {:.2f}")] = 0.0
    strong_mode: Annotated[options.StrongMode, Said("strong band: {}")] = "amplify"
    curriculum_part: options.CurriculumPart = "Over training"
    followed: Annotated[tuple[int, ...], Numbers()] = ()
    rows: Annotated[tuple[int, ...], Numbers(), Said("{:,} pictures picked")] = ()
    selection: str = ""
    training: str = ""
    training_part: options.TrainingPart = "Does it find more?"
    data_part: options.DataPart = "What is open"
    share_part: options.SharePart = "Link"
    known_of: options.Side = "image"
    columns: tuple[str, ...] = ()
    given: str = ""
    names: tuple[str, ...] = ()
    look: options.Look = "Directions"
    basis: options.Basis = "image"
    direction: Annotated[int, Range(1, 65_536)] = 1
    pairs: options.PairKind = "all"
    map: options.MapKind = "PCA"
    map_of: options.MapOf = "both"
    map_colour: str = "strong energy"
    map_points: options.MapPoints = "20,000"
    other: str = ""
    other_encoder: str = ""
    changed: options.Changed = "image"
    compare_look: options.CompareLook = "In numbers"
    search: options.SearchBy = "text"
    find: options.Find = "pictures"
    query: str = ""
    pair: Annotated[int, Range(0, 99_999_999)] = 0
    recall_metric: options.RecallMetric = "R@1"
    recall_captions: options.Gallery = "primary"
    recall_row: str = "sde-enhanced"
    recall_way: options.Way = "text → image"
    recall_look: options.RecallLook = "All numbers"
    tour: Annotated[int, Range(0, 9)] = 0
    present: Annotated[int, Range(0, 1)] = 0

    @property
    def modalities(self) -> tuple[str, ...]:
        """Modalities in the charts, image first."""
        return ("image", "text") if self.show == "both" else (self.show,)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Spectra in the Spectrum view: the modalities, or "joint", or "cross"."""
        return self.modalities if self.spectra == "by modality" else (self.spectra,)

    @property
    def is_moved(self) -> bool:
        """Whether a threshold differs from the rule's own."""
        return (self.noise, self.strong) != (1.0, 1.0)


DEFAULT = State()


class _Kind(NamedTuple):
    """What an annotation says of a field."""

    type: Any
    options: tuple[str, ...] = ()
    range: Range | None = None
    numbers: Numbers | None = None
    said: Said | None = None


@cache
def _kinds() -> dict[str, _Kind]:
    found = {}
    for name, hint in get_type_hints(State, include_extras=True).items():
        base, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        by_class = {type(note): note for note in notes}
        found[name] = _Kind(
            type=get_origin(base) or base,
            options=get_args(base) if get_origin(base) is Literal else (),
            range=by_class.get(Range),
            numbers=by_class.get(Numbers),
            said=by_class.get(Said),
        )
    return found


RANGES = {name: (kind.range.low, kind.range.high) for name, kind in _kinds().items() if kind.range}
"""Least and largest value of every number."""


def choices(name: str) -> tuple[str, ...]:
    """Return the options of a field that has a fixed list of them."""
    return _kinds()[name].options


def selections() -> dict[str, tuple[int, ...]]:
    """Return the fields that are selections, empty: what to set when the rows that they count are others."""
    return {name: () for name, kind in _kinds().items() if kind.numbers}


def read_state(values: Mapping[str, Any]) -> State:
    """Return the state held in ``values``, such as Streamlit's session state; what is missing is default."""
    known = {f.name: values[f.name] for f in fields(State) if values.get(f.name) is not None}
    for name, value in known.items():
        if isinstance(getattr(DEFAULT, name), tuple):
            known[name] = tuple(value)
    return replace(DEFAULT, **known)


def wild_parameters(link: Mapping[str, Sequence[str]], rules: tuple[str, ...]) -> list[str]:
    """Return one sentence for each URL parameter whose value cannot be used.

    Data, encoder and part are judged when the data is opened.

    Args:
        link: parameters of the URL, each with its values.
        rules: names of the partition rules.
    """
    problems = []
    for name, values in link.items():
        kind, value = _kinds().get(name), values[-1] if values else ""
        if kind is None:
            continue
        wrong = _what_is_wrong(kind, value, rules if name == "rule" else kind.options)
        if wrong:
            # A long value would push the page away; its beginning says which one it is.
            shown = value if len(value) <= 60 else f"{value[:60]}…"
            problems.append(f"`{name}` {wrong}; the link says {shown!r}.")
    return problems


def _what_is_wrong(kind: _Kind, value: str, options: tuple[str, ...]) -> str:
    if options:
        return "" if value in options else f"must be one of {', '.join(options)}"
    if kind.range:
        return kind.range.wrong(value, whole=kind.type is int)
    return kind.numbers.wrong(value) if kind.numbers else ""


def linked_values(link: Mapping[str, Sequence[str]], rules: tuple[str, ...]) -> dict[str, Any]:
    """Return the usable values of a link by field, typed; wild ones are left out.

    Args:
        link: parameters of the URL, each with its values.
        rules: names of the partition rules.
    """
    found: dict[str, Any] = {}
    for name, kind in _kinds().items():
        values = link.get(name)
        if not values or wild_parameters({name: values}, rules):
            continue
        if kind.numbers:
            found[name] = kind.numbers.read(values[-1])
        elif kind.type is tuple:
            found[name] = tuple(values)
        else:
            found[name] = values[-1] if kind.options else kind.type(values[-1])
    return found


def link_of(state: State) -> dict[str, list[str]]:
    """Return the URL parameters of a state; defaults are left out, so that a link says what is special."""
    link = {}
    for name, kind in _kinds().items():
        value = getattr(state, name)
        if value == getattr(DEFAULT, name) or _is_too_long(kind, value):
            continue
        if kind.numbers:
            link[name] = [numbers_as_text(value)]
        else:
            link[name] = [str(v) for v in value] if isinstance(value, tuple) else [str(value)]
    return link


def left_out(state: State) -> list[str]:
    """Return one sentence for each field that is too long for a link."""
    return [
        f"`{name}` holds {len(getattr(state, name)):,} {'numbers' if kind.numbers else 'characters'}, more than a link "
        "can carry: they stay in this browser tab, and the link opens without them."
        for name, kind in _kinds().items()
        if _is_too_long(kind, getattr(state, name))
    ]


def said(state: State) -> list[tuple[str, bool]]:
    """Return what the line at the top says of a state: each part, and whether it is not the default."""
    found = []
    for name, kind in _kinds().items():
        value = getattr(state, name)
        special = value != getattr(DEFAULT, name)
        if kind.said and (special or kind.said.always):
            found.append((kind.said.of(value), special))
    return found


def _is_too_long(kind: _Kind, value: Any) -> bool:  # noqa: ANN401  (any field's)
    if kind.type is str and not kind.options:
        return len(quote(value, errors="replace")) > MOST_LETTERS
    return kind.numbers is not None and len(numbers_as_text(value)) > MOST_LETTERS

"""What a report is made of, as JSON that makes the same report again."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

from sde_core.checks.brief import brief
from sde_core.checks.settings import OneOf, Range, Weight, check_settings, settings_of
from sde_core.embedding_formats.named import part_name
from sde_core.errors import ConfigError, DataError
from sde_core.files.mapped import check_regular
from sde_core.files.place import check_place
from sde_core.sets.evaluation import Captions
from sde_core.shaping.curriculum import CurriculumConfig, check_name
from sde_core.treatments.gains import TreatmentConfig
from sde_core.treatments.table import comparison_names
from sde_core.vocabulary import Centring

VERSION = 1
KIND = "sde.report"
MOST_RESAMPLES = 100_000
"""Fifty times the default; more would end no digit that is shown."""
MOST_SETS = 16
_MOST_BYTES = 64 << 20
_EMBEDDED = re.compile(r'<script type="application/json" id="sde-spec">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSpec:
    """One embedding set of a report.

    Attributes:
        embeddings: what opens it: a bundled name, a folder, a file, or "IMAGE,TEXT".
        fit_on: the reference of its treatments, opened alike; "" holds out half of the set, by groups of
            images that share captions.
        part: "column=value" filters of the set; () is all of it.
        fit_on_part: the same of the reference.
        fingerprint: of the set when the report was made; "" accepts any.
        fit_on_fingerprint: the same of the reference.
    """

    embeddings: str
    fit_on: str = ""
    part: tuple[str, ...] = ()
    fit_on_part: tuple[str, ...] = ()
    fingerprint: str = ""
    fit_on_fingerprint: str = ""

    __repr__ = brief

    def __post_init__(self) -> None:
        if self.fit_on_part and not self.fit_on:
            raise ConfigError(f"fit_on_part must come with fit_on; got {list(self.fit_on_part)} alone")

    @property
    def name(self) -> str:
        """What is reported on, its part included."""
        return part_name(self.embeddings, self.part)

    @property
    def fit_on_name(self) -> str:
        """What treatments are fitted on, its part included; "" for half of the set."""
        return part_name(self.fit_on, self.fit_on_part)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSpec:
    """All that a report depends on besides the sets themselves and the versions of the packages.

    Attributes:
        title: of the page.
        sets: at least one.
        rule: partition rule, by name.
        center: "mean" or "none".
        noise_factor: of the rule's noise threshold.
        strong_factor: of the rule's strong threshold.
        progress: curriculum position at which the treatments are compared.
        curriculum: fields of `CurriculumConfig`.
        captions: gallery of retrieval, "each", "primary" or "all", as `evaluate_retrieval` takes it.
        treatments: rows of the retrieval table; empty is all.
        n_resamples: of the intervals.
        seed: of everything drawn.
        link: query of the dashboard's address that shows the same; "" where it was not made there.
        series: folder of a row of checkpoints, as `sde series` writes it, that the report shows besides; "" is none.
    """

    sets: tuple[SetSpec, ...]
    title: str = "Embedding spectrum report"
    rule: str = "mp-iqr"
    center: Annotated[str, OneOf(lambda: tuple(Centring))] = "mean"
    noise_factor: Annotated[float, Weight] = 1.0
    strong_factor: Annotated[float, Weight] = 1.0
    progress: float = 0.0
    curriculum: Mapping[str, Any] = field(default_factory=lambda: asdict(CurriculumConfig()))
    captions: Captions = "primary"
    treatments: tuple[str, ...] = ()
    n_resamples: Annotated[int, Range(1, MOST_RESAMPLES)] = 2_000
    seed: Annotated[int, Range(0, 2**63, high_open=True)] = 0
    link: str = ""
    series: str = ""

    __repr__ = brief

    def __post_init__(self) -> None:
        if not self.sets:
            raise ConfigError("sets must hold at least one embedding set; got none")
        check_settings(self)
        for name, most in (("sets", MOST_SETS), ("treatments", 100)):
            if len(getattr(self, name)) > most:
                raise ConfigError(
                    f"{name} must have at most {most} entries; got {len(getattr(self, name)):,}"
                )
        for name in self.treatments:
            check_name(name, "treatments", comparison_names())
        self.treatment  # noqa: B018  # a wrong value is refused here, before any work

    @property
    def treatment(self) -> TreatmentConfig:
        """The configuration of the enhancement and the pruning."""
        try:
            curriculum = CurriculumConfig(**self.curriculum)
        except TypeError as error:
            raise ConfigError(f"curriculum must hold fields of CurriculumConfig: {error}") from None
        return TreatmentConfig(
            rule=self.rule,
            center=Centring(self.center),
            noise_factor=self.noise_factor,
            strong_factor=self.strong_factor,
            progress=self.progress,
            curriculum=curriculum,
            seed=self.seed,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the spec as plain values, its kind and version first."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        plain |= {"sets": [_plain_set(s) for s in self.sets], "curriculum": dict(self.curriculum)}
        return {"kind": KIND, "version": VERSION, **plain, "treatments": list(self.treatments)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "ReportSpec":
        """Return the spec of `as_dict`.

        Raises:
            DataError: another kind or version, an unknown field, or a value of the wrong kind.
            ConfigError: a value outside its range.
        """
        if not isinstance(content, Mapping) or content.get("kind") != KIND:
            raise DataError(f'spec must be JSON with "kind": "{KIND}", as sde report --write-spec writes it')
        if content.get("version") != VERSION:
            raise DataError(
                f"spec must have version {VERSION}; got {content.get('version')!r}: it was written by another "
                "version of SDE Explorer, make the report again from its sets"
            )
        given = {key: value for key, value in content.items() if key not in ("kind", "version")}
        unknown = sorted(set(given) - {f.name for f in fields(cls)})
        if unknown:
            raise DataError(f"spec must hold no unknown field; got {unknown[0]!r}")
        for name, value in given.items():
            _check_kind(name, value)
        try:
            sets = tuple(_read_set(s) for s in given.pop("sets", ()))
        except TypeError as error:
            raise DataError(f"sets of the spec must hold fields of SetSpec: {error}") from None
        return cls(**{**given, "sets": sets, "treatments": tuple(given.get("treatments", ()))})


def _plain_set(given: SetSpec) -> dict[str, Any]:
    return asdict(given) | {name: list(getattr(given, name)) for name in _PARTS}


def _read_set(plain: Mapping[str, Any]) -> SetSpec:
    fields_of: dict[str, Any] = {k: tuple(value) if k in _PARTS else value for k, value in plain.items()}
    return SetSpec(**fields_of)


_PARTS = ("part", "fit_on_part")
_CONTAINERS = {"curriculum": (dict,), "treatments": (list, tuple), "sets": (list, tuple)}


def _kinds(name: str) -> tuple[type, ...]:
    kind = next(s.kind for s in settings_of(ReportSpec) if s.name == name)
    return _CONTAINERS[name] if kind is None else (int, float) if kind is float else (kind,)


def _check_kind(name: str, value: object) -> None:
    wanted = _kinds(name)
    if not isinstance(value, wanted) or isinstance(value, bool):
        names = " or ".join(kind.__name__ for kind in wanted)
        raise DataError(f"{name} of the spec must be {names}; got {value!r}")
    if name == "sets" and isinstance(value, list | tuple):
        for each in value:
            if not isinstance(each, Mapping) or not all(_is_good(*item) for item in each.items()):
                raise DataError(f"sets of the spec must be objects of strings; got {each!r}")
    if (
        name == "treatments"
        and isinstance(value, list | tuple)
        and not all(isinstance(v, str) for v in value)
    ):
        raise DataError(f"treatments of the spec must be strings; got {value!r}")


def _is_good(key: str, value: object) -> bool:
    """Whether a field of a set is a string, or a list of them where it is a part."""
    if key in _PARTS:
        return isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)
    return isinstance(value, str)


def read_spec(path: str | Path) -> ReportSpec:
    """Return the spec in a JSON file, or the one inside a report.

    Raises:
        DataError: it cannot be read, or is no spec of this version.
        ConfigError: a value outside its range.
    """
    check_place(path, "spec")
    file = Path(path).expanduser()
    check_regular(file)
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise DataError(f"spec must be smaller than {_MOST_BYTES >> 20} MiB; {path} is larger")
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"spec must be a JSON file or a report; {path} cannot be read: {error}") from None
    return spec_in(text, str(path))


def spec_in(text: str, name: str) -> ReportSpec:
    """Return the spec in the text of a JSON file or of a report.

    Args:
        text: of the file.
        name: of the file, for the sentence.

    Raises:
        DataError: it is no spec of this version.
        ConfigError: a value outside its range.
    """
    embedded = _EMBEDDED.search(text)
    try:
        return ReportSpec.from_dict(json.loads(embedded[1] if embedded else text))
    except (ValueError, RecursionError) as error:
        if isinstance(error, DataError | ConfigError):
            raise
        raise DataError(f"spec must be a JSON file or a report; {name} is neither: {error}") from None

"""A report: opened, computed, rendered, written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sde_core.checks.brief import brief
from sde_core.embedding_formats.named import open_named
from sde_core.files.memory import kept
from sde_core.files.text_file import save_page
from sde_core.report.content import Progress, make_content
from sde_core.report.page import as_page
from sde_core.report.sample import ALL_UP_TO, SAMPLED
from sde_core.report.series import series_facts
from sde_core.report.spec import ReportSpec
from sde_core.sets.claimed_encoder import with_agreement
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.sets.memory import check_report
from sde_core.training.series import read_series


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A finished report.

    Attributes:
        content: every number of it, as plain values; "spec" makes it again.
    """

    content: dict[str, Any]

    __repr__ = brief

    @property
    def spec(self) -> ReportSpec:
        """What it was made of, with the fingerprints of its sets."""
        return ReportSpec.from_dict(self.content["spec"])

    def html(self) -> str:
        """Return the page: one file, no request to any other place; the same bytes for the same content."""
        return as_page(self.content)

    def save(self, path: str | Path) -> Path:
        """Write the page, or the numbers where the name ends in .json; whole or not at all.

        Raises:
            DataError: the place cannot be written.
        """
        return save_page(path, self.html, self.content)


def make_report(
    spec: ReportSpec,
    *,
    opened: Mapping[str, EmbeddingSet] | None = None,
    memory: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Return the report that ``spec`` asks for; the same spec, data and versions give the same bytes.

    Args:
        spec: sets, method and seed.
        opened: sets that are open already, by `SetSpec.name` and `SetSpec.fit_on_name`; others are opened.
        memory: bytes that the work may hold beside libraries and mapped files, kept by a limit on the process where
            Linux runs it; None refuses only what is more than is free.
        progress: called with what is done now, steps done and steps in all; an exception it raises stops.

    Raises:
        DataError: a set or the series is missing, a set has changed since the spec was written, or is too small.
        ConfigError: a parameter is out of range, or ``memory`` is too small for one of the sets.
    """
    series = read_series(spec.series) if spec.series else None  # a folder that is wrong, before any work
    sets = dict(opened or {})
    for given in spec.sets:
        wanted = (
            (given.name, given.embeddings, given.part),
            (given.fit_on_name, given.fit_on, given.fit_on_part),
        )
        for key, name, part in wanted:
            if name and key not in sets:
                sets[key] = with_agreement(open_named(name, part))
    for embeddings in sets.values():
        check_report(embeddings, ALL_UP_TO if embeddings.n_images <= ALL_UP_TO else SAMPLED, memory)
    with kept(memory, "the report"):
        content = make_content(spec, sets, progress=progress)
    return Report(content=content if series is None else content | {"series": series_facts(series)})

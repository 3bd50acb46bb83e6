"""The numbers of a report as plain values: everything that the page shows, and nothing that it does not."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any

from sde_core.errors import DataError
from sde_core.report.changes import most_changed
from sde_core.report.gains import treatment_facts
from sde_core.report.knowledge import knowledge_facts
from sde_core.report.sample import sampled
from sde_core.report.spaces import modality_facts, pair_facts
from sde_core.report.spec import ReportSpec, SetSpec
from sde_core.retrieval.bootstrap import Resampling
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.sets.evaluation import chance_recalls, check_reference, gallery_of
from sde_core.sets.hold_out import hold_out
from sde_core.treatments.comparison import compare_retrieval
from sde_core.treatments.table import comparison_names, fit_all
from sde_core.vocabulary import KS

_PACKAGES = ("sde-explorer", "torch", "numpy", "scipy", "open_clip_torch")

Progress = Callable[[str, int, int], None]
Opened = Mapping[str, EmbeddingSet]


def make_content(spec: ReportSpec, opened: Opened, *, progress: Progress | None = None) -> dict[str, Any]:
    """Return the content of the report.

    Args:
        spec: what is asked for; its fingerprints may be empty.
        opened: each `SetSpec.name` and `SetSpec.fit_on_name` of the spec -> the set.
        progress: called with what is done now, steps done and steps in all; an exception it raises stops.

    Raises:
        DataError: a set has changed since the spec was written, or is too small.
        ConfigError: a parameter that only the data shows to be wrong.
    """
    report = progress or (lambda what, done, total: None)
    n_rows = len(spec.treatments or comparison_names())
    steps = _Steps(report, len(spec.sets) * (3 + n_rows))
    for given in spec.sets:
        _check_fingerprint(given.name, given.fingerprint, opened)
        if given.fit_on:
            _check_fingerprint(given.fit_on_name, given.fit_on_fingerprint, opened)
    sets = [_set_content(spec, given, opened, steps) for given in spec.sets]
    filled = replace(spec, sets=tuple(_with_fingerprints(given, opened) for given in spec.sets))
    return {"spec": filled.as_dict(), "versions": _versions(), "sets": sets}


class _Steps:
    """Counts what is done over all sets."""

    def __init__(self, report: Progress, total: int) -> None:
        self._report, self._done, self._total = report, 0, total

    def next(self, what: str) -> None:
        self._report(what, min(self._done, self._total), self._total)
        self._done += 1

    def row(self, name: str, done: int, total: int) -> None:
        if name:
            self.next(name)


def _set_content(spec: ReportSpec, given: SetSpec, opened: Opened, steps: _Steps) -> dict[str, Any]:
    whole = opened[given.name]
    few = sampled(whole, spec.seed)
    reference, test, words = _split(given, few, opened, spec.seed)
    config = spec.treatment
    steps.next("spectra")
    content: dict[str, Any] = {
        "name": whole.name or given.name,
        "fingerprint": whole.fingerprint,
        "n_images": whole.n_images,
        "n_texts": whole.n_texts,
        "width": whole.width,
        "provenance": whole.provenance.as_dict(),
        "skipped": len(whole.skipped),
        "missing": dict(whole.missing),
        "remarks": list(whole.remarks),
        "modalities": {
            m: modality_facts(getattr(whole, m), config, paired=whole.paired, few=getattr(few, m))
            for m in ("image", "text")
        },
        "sample": few.n_images if few is not whole else None,
    }
    content["knowledge"] = knowledge_facts(whole, config, spec.link)
    steps.next("pairs")
    content["pairs"] = pair_facts(few, spec.seed)
    steps.next("gains")
    content["treatment"] = {
        "reference": {"name": reference.name, "fingerprint": reference.fingerprint, "words": words},
        "test": {"name": test.name, "n_images": test.n_images},
        "modalities": treatment_facts(reference, test, config),
    }
    content["retrieval"] = _retrieval(spec, reference, test, steps)
    return content


def _retrieval(
    spec: ReportSpec, reference: EmbeddingSet, test: EmbeddingSet, steps: _Steps
) -> dict[str, Any]:
    gallery = gallery_of(test, spec.captions)
    treatments = fit_all(
        reference.image,
        reference.text,
        paired=reference.paired(),
        config=spec.treatment,
        names=spec.treatments or None,
    )
    rows = compare_retrieval(
        gallery.image,
        gallery.text,
        gallery.links,
        treatments,
        ks=KS,
        resampling=Resampling(n_resamples=spec.n_resamples, seed=spec.seed),
        progress=steps.row,
    )
    return {
        "captions": spec.captions,
        "n_images": gallery.n_images,
        "n_texts": gallery.n_texts,
        "chance": chance_recalls(gallery.links, gallery.n_texts, gallery.n_images, KS),
        "rows": [row.as_dict() for row in rows],
        "changes": most_changed(gallery, rows),
    }


def _split(
    given: SetSpec, whole: EmbeddingSet, opened: Opened, seed: int
) -> tuple[EmbeddingSet, EmbeddingSet, str]:
    """Return reference, test and how they were told apart."""
    if given.fit_on:
        reference = sampled(opened[given.fit_on_name], seed)
        shared = check_reference(reference, whole)
        words = f"fitted on {reference.name or given.fit_on_name}, reported on {whole.name or given.name}"
        if shared:
            words += (
                f" ({shared:,} of its {whole.n_images:,} pictures {'is' if shared == 1 else 'are'} in both)"
            )
        return reference, whole, words
    try:
        sides = hold_out(whole, seed=seed)
    except DataError as error:
        raise DataError(f"{error}: give --fit-on SET") from None
    reference, test = (
        whole.select(side, name=f"{whole.name}, {half} half")
        for side, half in zip(sides, ("first", "second"), strict=True)
    )
    words = (
        f"fitted on a seeded half of the pictures, {reference.n_images:,}, reported on the other, "
        f"{test.n_images:,}; pictures that share captions stay together"
    )
    return reference, test, words


def _check_fingerprint(name: str, expected: str, opened: Opened) -> None:
    found = opened[name].fingerprint
    if expected and expected != found:
        raise DataError(
            f"{name} must be the set that the spec was written for, {expected[:12]}; got {found[:12]}: the set has "
            "changed, make the report again from its sets"
        )


def _with_fingerprints(given: SetSpec, opened: Opened) -> SetSpec:
    return replace(
        given,
        fingerprint=opened[given.name].fingerprint,
        fit_on_fingerprint=opened[given.fit_on_name].fingerprint if given.fit_on else "",
    )


def _versions() -> dict[str, str]:
    found = {"python": python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

"""What the guided tour has found out about the sample: searches that move, measured beside the page."""

from dataclasses import replace

import sde_core as sde
from sde_explorer.curriculum.cached import fitted
from sde_explorer.jobs import Job
from sde_explorer.readings.cached.background import in_background
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.retrieval.cached import recall_parts
from sde_explorer.retrieval.numbers.table import RAW, TREATED, recall_rows, treatment_config
from sde_explorer.tour import numbers as tour


def tour_searches(data: Dataset) -> Job:
    """Return the job whose result is the `TourSearches` of a set at the rule's own thresholds.

    Raises:
        SDEError: the set is too small, or the rule misses something.
    """
    state = tour.step_state(tour.HELPS)
    fit, test = recall_parts(data, state.recall_captions)
    names = (RAW, *TREATED)
    maps = {
        kind: [fitted(data, replace(state, transform=kind), modality) for modality in ("image", "text")]
        for kind in ("enhanced", "pruned")
    }

    def work(job: Job) -> tour.TourSearches:
        made = fit.embeddings
        known = sde.fit_all(
            made.image, made.text, paired=made.paired(), config=treatment_config(state), names=names
        )
        by_name = {row.name: row for row in known}

        def report(name: str, share: float) -> None:
            job.report(0.8 * share, name)

        raw, enhanced, pruned = recall_rows(test, [by_name[name] for name in names], report)
        found = []
        for row, kind, helps in ((enhanced, "enhanced", True), (pruned, "pruned", False)):
            job.report(0.8 if helps else 0.9, f"looking for a search, {kind}")
            both = tour.spaces(data.embeddings, *maps[kind])
            found.append(tour.example(data.embeddings, test, (raw, row), both, helps=helps))
        return tour.TourSearches(rows=(raw, enhanced, pruned), helped=found[0], hurt=found[1])

    return in_background("tour", f"tour/{data.fingerprint}", "Asking every caption", work, lane="tour")

"""Jobs of what decides about two sets, and of the layers of A's encoder."""

from functools import partial
from typing import TYPE_CHECKING

import sde_core as sde
from sde_explorer.compare.cached.measured import rows_job
from sde_explorer.compare.numbers import rows as compare
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached.exact import Best, best
from sde_explorer.readings.cached.sets import cache_folder
from sde_explorer.serving.places import check_encoder, check_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sde_explorer.compare.cached.both import Common
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.sets import Dataset

FIRST_PAIRS = 32
"""Pairs whose layers are shown until those of more are there."""
LAYER_PAIRS = 400
"""Pairs that go through the encoder again; of more, a seeded sample, until somebody wants all."""
LAYER_ROWS = 1_000
"""Pairs that intrinsic dimension and agreement are of, where all are read: both compare every two of them."""


def same_space(found: "Common") -> Best:
    """Return the job whose result is the `SameSpace` of two sets; none where nothing pairs the rows."""
    return best("same_space", found.key, [partial(_same_space, found)] if found.is_paired else [])


def _same_space(found: "Common", whole: bool) -> "Job":
    from sde_explorer.compare.numbers.decided import FIRST_ROWS, SameSpace, same_space

    a, b = found.sources
    _imported("parity")

    def work(job: "Job") -> SameSpace:
        job.report(0.0, "maps from the simplest on")
        if whole:
            return same_space(a, b, 0)
        if a.n_images > 2 * FIRST_ROWS:
            job.report(0.1, "all rows", partial=same_space(a, b, FIRST_ROWS))
        return same_space(a, b, compare.MOST_ROWS)

    return rows_job("same space", found.key, "Is it the same space?", work, whole=whole)


def calibrated(found: "Common", modalities: "Sequence[str]") -> Best:
    """Return the jobs whose results are `Calibrated` of each modality."""
    of = "/".join((found.key, *modalities))
    return best("calibrated", of, [partial(_calibrated, found, modality) for modality in modalities])


def _calibrated(found: "Common", modality: str, whole: bool) -> "Job":
    from sde_explorer.compare.numbers import decided

    (a, b), items = found.sources, _all_items(found, modality)
    _imported("calibrated_similarity", "measure_names")

    def work(job: "Job") -> "decided.Calibrated":
        if whole:
            return decided.calibrated(modality, a, b, items, job.report, decided.MOST_CALIBRATED)
        if len(items.first) >= decided.CALIBRATED_ROWS:
            first = decided.calibrated(
                modality, a, b, items, lambda *_: job.report(0.0, "a first look"), decided.FIRST_ROWS // 2
            )
            job.report(0.1, "more rows", partial=first)
        return decided.calibrated(modality, a, b, items, job.report, decided.CALIBRATED_ROWS)

    title = f"Similarities beside shuffled rows, {modality}"
    return rows_job(f"calibrated {modality}", found.key, title, work, whole=whole)


def difference(found: "Common", modality: str) -> Best:
    """Return the job whose result is `Difference` of one modality."""
    return best("difference", f"{found.key}/{modality}", [partial(_difference, found, modality)])


def _difference(found: "Common", modality: str, whole: bool) -> "Job":
    from sde_explorer.compare.numbers.decided import DIFFERENCE_ROWS, Difference, difference

    (a, b), items = found.sources, _all_items(found, modality)
    _imported("difference_spectrum")

    def work(job: "Job") -> Difference:
        job.report(0.0, "the difference of both kernels")
        return difference(modality, a, b, items, 0 if whole else DIFFERENCE_ROWS)

    title = f"What only one separates, {modality}"
    return rows_job(f"difference {modality}", found.key, title, work, whole=whole)


def _all_items(found: "Common", modality: str) -> compare.Items:
    return compare.items_of(found.a.embeddings, found.texts, modality, 0)


def layers(data: "Dataset") -> Best:
    """Return the job whose result is the `Layers` of the encoder of a set, read from the pairs of its pictures.

    Args:
        data: a set or a part of one, whose provenance names encoder and pairs.
    """
    return best("layers", data.fingerprint, [partial(_layers, data)])


def _layers(data: "Dataset", whole: bool) -> "Job":
    origin, own = data.embeddings.provenance, cache_folder()
    ids = data.embeddings.image_ids or None  # texts alone have none
    _imported("load_encoder", "open_pairs", "read_layers")

    def work(job: "Job") -> "sde.Layers":
        check_source(origin.pairs, own)
        job.report(0.0, "loading the encoder")
        encoder = sde.load_encoder(check_encoder(origin.encoder, own))

        def follow(progress: "sde.EncodeProgress") -> None:
            job.report(
                0.9 * progress.done / max(progress.total, 1),
                f"{progress.done:,} of {progress.total:,} pairs · {progress.rate:,.0f} a second",
                seconds_left=progress.seconds_left,
            )

        pairs = sde.open_pairs(origin.pairs)
        return sde.read_layers(
            encoder,
            pairs,
            ids=ids,
            limit=None if whole else LAYER_PAIRS,
            n_sampled=LAYER_ROWS if whole else LAYER_PAIRS,
            n_permutations=99,
            progress=follow,
        )

    origins = (origin.pairs, origin.pairs_fingerprint, origin.encoder, origin.weights_sha256, own)
    key = "/".join(map(str, ("layers", data.fingerprint, *origins)))
    title, slot = "Reading every layer", "layers"
    if whole:
        key, title, slot = f"{key}/all", f"{title}, all pairs", "layers all"
    return background.in_background(slot, key, title, work, lane="layers")


def _imported(*names: str) -> None:
    """Import what a thread will call, so that no two threads import it at the same time."""
    for name in names:
        getattr(sde, name)

"""`sde evaluate`, retrieval: one row a set, or one row a treatment beside raw."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from sde_core.cli.engine import counting_by_options, refuse_fitting
from sde_core.cli.method_options import chosen_treatment
from sde_core.cli.output import counting_bar, print_json, print_remarks, print_table
from sde_core.errors import ConfigError
from sde_core.vocabulary import KS

if TYPE_CHECKING:
    from sde_core.cli.sources import Source
    from sde_core.retrieval.ranking import CountLinks
    from sde_core.sets.embeddings import EmbeddingSet
    from sde_core.sets.evaluation import Captions, RetrievalReport
    from sde_core.treatments.comparison import ComparedRetrieval


def run(options: argparse.Namespace, source: "Source", names: list[str]) -> None:
    """Evaluate each set and all together; with a reference, one table of treatments a set."""
    from sde_core.sets.evaluation import GALLERIES

    several: dict[str | None, list[Captions]] = {None: list(GALLERIES), "both": ["primary", "all"]}
    galleries = several.get(options.captions) or [options.captions]
    if options.fit_on is None:
        if options.baselines is not None:
            raise ConfigError("--baselines must come with --fit-on SET, the split that they are fitted on")
        with counting_by_options(options) as count:
            sets = source.open(names)
            _say_what_is_unknown(sets)
            _plain(options, _with_all_together(sets), galleries, count)
        return
    refuse_fitting(options)
    reference, *sets = source.open([options.fit_on, *names])
    _say_what_is_unknown(sets)
    _compared(options, reference, sets, galleries)


def _say_what_is_unknown(sets: "list[EmbeddingSet]") -> None:
    from sde_core.encoders.resolve import local_encoders
    from sde_core.sets.trained_on import unknown_trainings

    print_remarks(unknown_trainings(sets, local_encoders()))


def _with_all_together(sets: "list[EmbeddingSet]") -> "list[EmbeddingSet]":
    """Return the sets and their union; without it where they hold the same pictures."""
    from sde_core.sets.concatenate import concatenate

    ids = [i for s in sets for i in s.image_ids]
    one_width = len({s.width for s in sets}) == 1
    return [*sets, concatenate(sets)] if len(sets) > 1 and one_width and len(set(ids)) == len(ids) else sets


def _plain(
    options: argparse.Namespace,
    sets: "list[EmbeddingSet]",
    galleries: "list[Captions]",
    count: "CountLinks | None",
) -> None:
    from sde_core.files.memory import kept
    from sde_core.sets.evaluation import evaluate_retrieval
    from sde_core.sets.memory import check_retrieval

    for embeddings in sets:
        check_retrieval(embeddings, options.memory)
    with kept(options.memory, "the ranks"):
        reports = [evaluate_retrieval(s, captions=g, ks=KS, count=count) for g in galleries for s in sets]
    if options.json:
        print_json([report.as_dict() for report in reports])
        return
    print_reports(reports)


def print_reports(reports: "list[RetrievalReport]") -> None:
    """Print recalls in percent, with what chance would reach beside R@10."""
    header = ["set", "captions", "images", "texts"]
    for way in ("i→t", "t→i"):
        header += [*(f"{way} R@{k}" for k in KS), "chance"]
    rows = []
    for report in reports:
        row = [report.dataset, report.captions, str(report.n_images), str(report.n_texts)]
        for direction in ("text", "image"):
            names = [f"{direction}_retrieval_recall@{k}" for k in KS]
            row += [f"{100 * report.metrics[name]:.1f}" for name in names]
            row.append(f"{100 * report.chance[names[-1]]:.1f}")
        rows.append(row)
    model = reports[0].model or "given vectors"
    print_table(f"Retrieval by {model}, image→text and text→image in %; chance is that of R@10", header, rows)


def _compared(
    options: argparse.Namespace,
    reference: "EmbeddingSet",
    sets: "list[EmbeddingSet]",
    galleries: "list[Captions]",
) -> None:
    from sde_core.files.memory import kept
    from sde_core.retrieval.bootstrap import Resampling
    from sde_core.sets.evaluation import evaluate_retrieval, gallery_of
    from sde_core.sets.memory import check_retrieval
    from sde_core.treatments.comparison import compare_retrieval
    from sde_core.treatments.table import fit_all

    for each in sets:
        check_retrieval(each, options.memory)
        check_and_warn(reference, each)
    treatments = fit_all(
        reference.image,
        reference.text,
        paired=reference.paired(),
        config=chosen_treatment(options),
        names=options.baselines,
    )
    results: list[dict[str, Any]] = []
    for captions in galleries:
        for each in sets:
            gallery = gallery_of(each, captions)
            bar = counting_bar(f"{each.name}, {captions} captions")
            with bar as progress, kept(options.memory, "the table"):
                rows = compare_retrieval(
                    gallery.image,
                    gallery.text,
                    gallery.links,
                    treatments,
                    ks=KS,
                    resampling=Resampling(seed=options.seed),
                    progress=progress,
                )
            shared = evaluate_retrieval(each, captions=captions, ks=KS).as_dict()
            shared |= {"fit_on": reference.name, "fit_on_fingerprint": reference.fingerprint}
            results += [shared | row.as_dict() for row in rows]
            if not options.json:
                print_compared(f"{each.name}, {captions} captions, fitted on {reference.name}", rows)
    if options.json:
        print_json(results)


def print_compared(title: str, rows: "list[ComparedRetrieval]") -> None:
    """Print recalls in percent and the paired difference to raw at R@1 and R@10, in points."""
    from sde_core.treatments.sweep import setting_words

    header = ["treatment"]
    for way in ("i→t", "t→i"):
        header += [*(f"{way} R@{k}" for k in KS), "MRR", "ΔR@10 to raw, 95 %"]
    table = []
    for row in rows:
        cells = [f"{row.name} †" if row.transductive else row.name]
        for direction in ("text_retrieval", "image_retrieval"):
            cells += [f"{100 * row.metrics[f'{direction}_recall@{k}']:.1f}" for k in KS]
            cells.append(f"{row.metrics[f'{direction}_mrr']:.3f}")
            change = row.differences.get(f"{direction}_recall@{KS[-1]}")
            mark = "" if change is None or not change.excludes_zero else " *"
            cells.append(
                f"{100 * change.estimate:+.1f} [{100 * change.low:+.1f}, {100 * change.high:+.1f}]{mark}"
                if change
                else ""
            )
        table.append(cells)
    print_table(title, header, table)
    print(
        "Recalls in %, differences in points; * the interval excludes 0. Intervals cover the choice of queries."
    )
    if any(row.transductive for row in rows):
        print(
            "† transductive: it sees all queries of the test before it ranks one; the other rows are inductive."
        )
    chosen = {row.name: row.sweep for row in rows if row.sweep is not None}
    if chosen:
        taken = "; ".join(f"{name} {setting_words(sweep.setting)}" for name, sweep in chosen.items())
        asking = next(iter(chosen.values())).n_asking
        print(f"Settings chosen on {asking:,} held-out pairs of the reference: {taken}.")


def check_and_warn(reference: "EmbeddingSet", test: "EmbeddingSet") -> None:
    """Refuse a reference that does not go with the test set; say on stderr where they share pictures.

    Raises:
        DataError: as `check_reference`.
    """
    from sde_core.sets.evaluation import check_reference

    shared = check_reference(reference, test)
    if shared:
        print(
            f"{shared} of {test.n_images} pictures of {test.name} are in {reference.name} too: "
            "the numbers are a little too good",
            file=sys.stderr,
        )

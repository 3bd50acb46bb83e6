"""`sde evaluate`, classification: zero-shot by prompts, or a linear probe."""

import argparse
from typing import TYPE_CHECKING, Any

from sde_core.cli.method_options import chosen_treatment
from sde_core.cli.options import chosen_batch_size
from sde_core.cli.output import counting_bar, print_json, print_table
from sde_core.cli.retrieval import check_and_warn
from sde_core.errors import ConfigError, DataError
from sde_core.vocabulary import Direction

if TYPE_CHECKING:
    from torch import Tensor

    from sde_core.classify.labels import Labels
    from sde_core.cli.sources import Source
    from sde_core.sets.embeddings import EmbeddingSet
    from sde_core.treatments.treatment import Treatment

_SHARE = 0.2


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add --label-column, --class-names, --templates and --validate-on."""
    group = parser.add_argument_group("classification")
    group.add_argument("--label-column", metavar="NAME", help="metadata that holds the class; default: label")
    group.add_argument("--class-names", metavar="FILE", help="names of the classes, one a line")
    group.add_argument(
        "--templates",
        metavar="FILE",
        help='prompts, one a line, such as "a photo of a {c}."; default: that one',
    )
    group.add_argument(
        "--validate-on",
        metavar="SET",
        help="set on which the probe's L2 is chosen; default: a seeded fifth of --fit-on",
    )


def run_zero_shot(options: argparse.Namespace, source: "Source", names: list[str]) -> None:
    """Compare pictures with the prompts of each class."""
    from sde_core.classify.labels import DEFAULT_TEMPLATES, encode_classes, read_lines

    opened = source.open([*([options.fit_on] if options.fit_on else []), *names])
    reference, sets = (opened[0], opened[1:]) if options.fit_on else (None, opened)
    treatments = _treatments(options, reference)
    rows: list[dict[str, Any]] = []
    for each in sets:
        labels = _labels(options, source, each)
        given = source.classification(each)
        templates = (
            read_lines(options.templates, "templates")
            if options.templates
            else (given.templates if given and given.templates else DEFAULT_TEMPLATES)
        )
        encoder = source.encoder_of(each)
        with counting_bar(f"{each.name}, {len(labels.names)} classes") as progress:
            classes = encode_classes(
                encoder,
                labels.names,
                templates,
                batch_size=chosen_batch_size(options, encoder),
                progress=progress,
            )
        shared = _shared(options, each, "zeroshot_classification", labels) | {"templates": len(templates)}
        if reference is not None:
            check_and_warn(reference, each)
            shared |= {"fit_on": reference.name}
        for treatment in treatments:
            rows.append(
                shared | _row(options, treatment, _zero_shot_scores(treatment, each, classes), labels)
            )
    _print(options, rows, "Zero-shot classification")


def run_probe(options: argparse.Namespace, source: "Source", names: list[str]) -> None:
    """Fit a logistic regression on one set, choose its L2 on another, test on the third."""
    if options.fit_on is None:
        raise ConfigError("linear_probe needs --fit-on SET, the split that it is trained on")
    given = [options.fit_on, *([options.validate_on] if options.validate_on else []), *names]
    opened = source.open(given)
    reference, sets = opened[0], opened[2 if options.validate_on else 1 :]
    validation = opened[1] if options.validate_on else None
    train_labels = _labels(options, source, reference)
    tests = [(each, _same_classes(options, each, train_labels)) for each in sets]
    rows: list[dict[str, Any]] = []
    treatments = [t for t in _treatments(options, reference) if t.moves or t.name == "raw"]
    for each in (*sets, *([validation] if validation is not None else [])):
        check_and_warn(reference, each)
    for treatment in treatments:
        probe = _probe(options, treatment, reference, train_labels, validation)
        for each, labels in tests:
            shared = _shared(options, each, "linear_probe", labels) | {
                "fit_on": reference.name,
                "n_train": reference.n_images,
                "l2": probe.l2,
                "converged": probe.is_converged,
            }
            rows.append(shared | _row(options, treatment, probe(_mapped(treatment, each.image)), labels))
    _print(options, rows, "Linear probe, L2-regularised logistic regression by L-BFGS")


def _probe(
    options: argparse.Namespace,
    treatment: "Treatment",
    reference: "EmbeddingSet",
    labels: "Labels",
    validation: "EmbeddingSet | None",
) -> Any:  # noqa: ANN401
    from sde_core.classify.linear_probe import choose_linear_probe, stratified_split

    rows = _mapped(treatment, reference.image)
    if validation is None:
        train, held = stratified_split(labels.numbers, _SHARE, options.seed)
        parts = (rows[train], labels.numbers[train]), (rows[held], labels.numbers[held])
    else:
        other = _same_classes(options, validation, labels)
        parts = (rows, labels.numbers), (_mapped(treatment, validation.image), other.numbers)
    return choose_linear_probe(*parts, len(labels.names))


def _mapped(treatment: "Treatment", rows: Any) -> "Tensor":  # noqa: ANN401
    """Return the rows after the treatment, scaled to unit length as cosines see them."""
    from sde_core.checks.matrices import as_matrix
    from sde_core.checks.sphere import unit_rows

    return unit_rows(treatment.image(as_matrix(rows, "image")), "image")


def _zero_shot_scores(treatment: "Treatment", each: "EmbeddingSet", classes: "Tensor") -> "Tensor":
    from sde_core.checks.sphere import unit_rows
    from sde_core.retrieval.scores import score_for

    images, names = _mapped(treatment, each.image), unit_rows(treatment.text(classes), "classes")
    return score_for(treatment.score, images, names)(names, Direction.TEXT_RETRIEVAL)(images)


def _treatments(options: argparse.Namespace, reference: "EmbeddingSet | None") -> "list[Treatment]":
    from sde_core.treatments.table import fit_all
    from sde_core.treatments.treatment import RAW

    if reference is None:
        if options.baselines is not None:
            raise ConfigError("--baselines must come with --fit-on SET, the split that they are fitted on")
        return [RAW]
    return fit_all(
        reference.image,
        reference.text,
        paired=reference.paired(),
        config=chosen_treatment(options),
        names=options.baselines,
    )


def _labels(options: argparse.Namespace, source: "Source", each: "EmbeddingSet") -> "Labels":
    from sde_core.classify.labels import DEFAULT_COLUMN, labels_of, read_lines

    column = options.label_column or DEFAULT_COLUMN
    given = source.classification(each) if column == DEFAULT_COLUMN else None
    names = read_lines(options.class_names, "class-names") if options.class_names else None
    return labels_of(each, column, names if names is not None or given is None else given.classnames)


def _same_classes(options: argparse.Namespace, each: "EmbeddingSet", train: "Labels") -> "Labels":
    """Return the classes by the numbers of the training set.

    Raises:
        DataError: a class that was not trained.
    """
    from sde_core.classify.labels import DEFAULT_COLUMN, labels_of

    try:
        return labels_of(each, options.label_column or DEFAULT_COLUMN, train.names)
    except DataError as error:
        raise DataError(f"{each.name} must hold only classes of the training set: {error}") from None


def _shared(options: argparse.Namespace, each: "EmbeddingSet", task: str, labels: "Labels") -> dict[str, Any]:
    counts = labels.numbers.bincount()
    return {
        "dataset": each.name,
        "model": each.provenance.encoder,
        "task": task,
        "label_column": options.label_column or "label",
        "n_images": each.n_images,
        "n_classes": len(labels.names),
        "chance": {"acc1": 1 / len(labels.names), "largest_class": int(counts.max()) / each.n_images},
    }


def _row(
    options: argparse.Namespace, treatment: "Treatment", scores: "Tensor", labels: "Labels"
) -> dict[str, Any]:
    from sde_core.classify.classification import class_places, classification_metrics
    from sde_core.retrieval.bootstrap import Resampling, bootstrap_mean

    hits = class_places(scores, labels.numbers).share_within(1)
    interval = bootstrap_mean(hits, resampling=Resampling(seed=options.seed))
    return {
        "treatment": treatment.name,
        "metrics": classification_metrics(scores, labels.numbers),
        "intervals": {"acc1": [interval.low, interval.high]},
    }


def _print(options: argparse.Namespace, rows: list[dict[str, Any]], title: str) -> None:
    if options.json:
        print_json(rows)
        return
    header = [
        "set",
        "treatment",
        "images",
        "classes",
        "acc1",
        "95 %",
        "acc5",
        "mean per class",
        "largest class",
    ]
    header += ["L2"] if "l2" in rows[0] else []
    table = []
    for row in rows:
        metrics, (low, high) = row["metrics"], row["intervals"]["acc1"]
        cells = [row["dataset"], row["treatment"], str(row["n_images"]), str(row["n_classes"])]
        cells += [f"{100 * metrics['acc1']:.1f}", f"{100 * low:.1f} to {100 * high:.1f}"]
        cells += [f"{100 * metrics[k]:.1f}" for k in ("acc5", "mean_per_class_recall")]
        cells.append(f"{100 * row['chance']['largest_class']:.1f}")
        table.append([*cells, f"{row['l2']:.0e}"] if "l2" in row else cells)
    print_table(f"{title}, in %", header, table)
    if any(not row.get("converged", True) for row in rows):
        print("A probe stopped after 1,000 steps before it converged: its numbers are a little too low.")

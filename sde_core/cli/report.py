"""`sde report`: one HTML file that says everything about one or more embedding sets."""

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from sde_core.cli.method_options import (
    add_curriculum_options,
    add_partition_options,
    chosen_rule,
    chosen_treatment,
)
from sde_core.cli.options import add_memory_option, new_command, words
from sde_core.cli.output import counting_bar, print_json, print_table
from sde_core.errors import ConfigError

if TYPE_CHECKING:
    from sde_core.report import ReportSpec


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "report",
        "Write a self-contained HTML report of one or more embedding sets; it needs no network to be read.",
        "sde report emoji/test --fit-on emoji/train --output emoji.html",
        "sde report before after --fit-on train --title 'Before and after'",
        "sde report --spec emoji.html --output again.html",
    )
    parser.add_argument("embeddings", nargs="*", metavar="SET", help="embedding sets to report on")
    parser.add_argument(
        "--fit-on",
        nargs="+",
        metavar="SET",
        help="split that treatments are fitted on: one for all sets, or one for each; default: half of the set",
    )
    parser.add_argument(
        "--spec", metavar="FILE", help="make the report of a spec, or of another report, again"
    )
    parser.add_argument(
        "--output", default="report.html", help="page to write, - for stdout; default: %(default)s"
    )
    parser.add_argument(
        "--series", default="", metavar="FOLDER", help="row of checkpoints to show besides, by `sde series`"
    )
    parser.add_argument("--output-json", metavar="FILE", help="write every number of the page here too")
    parser.add_argument("--write-spec", metavar="FILE", help="write the spec here too")
    parser.add_argument("--title", default="Embedding spectrum report", help="default: %(default)s")
    parser.add_argument(
        "--captions", choices=("each", "primary", "all"), default="primary", help="gallery of retrieval"
    )
    parser.add_argument(
        "--baselines", type=words, metavar="NAME,...", help="only these rows beside raw; default: all"
    )
    parser.add_argument(
        "--resamples", type=int, default=2_000, help="draws of the intervals; default: %(default)s"
    )
    add_partition_options(parser)
    add_curriculum_options(parser)
    add_memory_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Make the report and write what is asked for."""
    from pathlib import Path

    from sde_core.errors import DataError
    from sde_core.files.text_file import write_json
    from sde_core.report import make_report, read_spec
    from sde_core.report.spec import spec_in

    if options.json and options.output == "-":
        raise ConfigError("--output - and --json both write to stdout; give one of them a file")
    if (options.spec is None) == (not options.embeddings):
        raise ConfigError("report needs embedding sets or --spec FILE, one of the two")
    if options.spec == "-":
        spec = spec_in(sys.stdin.read(), "stdin")
    else:
        spec = read_spec(options.spec) if options.spec else _spec(options)
    with counting_bar("report") as progress:
        report = make_report(spec, memory=options.memory, progress=progress)
    if options.output == "-":
        sys.stdout.write(report.html())
    else:
        report.save(options.output)
    facts = {"output": options.output, "sets": [s["name"] for s in report.content["sets"]]}
    try:
        for name, content in (
            (options.output_json, report.content),
            (options.write_spec, report.spec.as_dict()),
        ):
            if name:
                write_json(Path(name).expanduser(), content)
    except OSError as error:
        raise DataError(f"output must be a writable file; {error.filename}: {error.strerror}") from None
    facts |= {"output_json": options.output_json, "spec": options.write_spec}
    if options.json:
        print_json(facts | {"content": report.content})
        return
    if options.output == "-":
        return
    rows = [(k, ", ".join(v) if isinstance(v, list) else str(v)) for k, v in facts.items() if v]
    print_table("report", ("written", ""), rows)


def _spec(options: argparse.Namespace) -> "ReportSpec":
    from sde_core.report import ReportSpec, SetSpec

    fit_on = options.fit_on or [""]
    if len(fit_on) not in (1, len(options.embeddings)):
        raise ConfigError(
            f"fit-on must name one set, or one for each of the {len(options.embeddings)}; got {len(fit_on)}"
        )
    fit_on = fit_on * len(options.embeddings) if len(fit_on) == 1 else fit_on
    rule = chosen_rule(options)
    if not isinstance(rule, str):
        raise ConfigError(
            "a report takes its thresholds by --rule and factors; tau-strong and tau-noise differ by set"
        )
    treatment = chosen_treatment(options)
    return ReportSpec(
        title=options.title,
        sets=tuple(SetSpec(embeddings=e, fit_on=f) for e, f in zip(options.embeddings, fit_on, strict=True)),
        rule=rule,
        center=options.center,
        noise_factor=options.noise_factor,
        strong_factor=options.strong_factor,
        progress=options.progress,
        curriculum=asdict(treatment.curriculum),
        captions=options.captions,
        treatments=("raw", *options.baselines) if options.baselines is not None else (),
        n_resamples=options.resamples,
        seed=options.seed,
        series=options.series,
    )

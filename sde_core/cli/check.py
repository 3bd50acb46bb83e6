"""`sde check`: what a path holds, and what is odd about it, with an exit code for CI."""

import argparse

from sde_core.cli.options import add_pairs_options, new_command, words
from sde_core.cli.output import print_json, print_table
from sde_core.errors import ConfigError


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "check",
        "Say what a path holds, pairs or vectors, and what is odd about it. Exit code 0: nothing odd, 1: something.",
        "sde check clipart/val --allow shared_captions",
        "sde check my_pairs.csv --against my_test_pairs.csv",
    )
    parser.add_argument("path", help="pairs or vectors: a bundled set, a file, a folder, a pattern of shards")
    parser.add_argument(
        "--allow", type=words, default=[], metavar="KIND,...", help="kinds that leave the exit code at 0"
    )
    parser.add_argument(
        "--against",
        metavar="PATH",
        help="another set, such as the training split: what is in both is a leak (pictures by bytes and hash, "
        "captions, vectors by cosine)",
    )
    add_pairs_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check, print, and return 1 where something is odd that is not allowed."""
    from sde_core.report.inspection import KINDS, check_path

    unknown = [kind for kind in options.allow if kind not in KINDS]
    if unknown:
        raise ConfigError(f"--allow must name kinds out of {', '.join(KINDS)}; got {unknown[0]!r}")
    report = check_path(
        options.path,
        format=options.input_format,
        image_root=options.image_root,
        against=options.against,
    )
    odd = [each for each in report.odd if each.kind not in options.allow]
    code = 1 if any(each.kind != "remarks" for each in odd) else 0
    if options.json:
        print_json({**report.as_dict(), "is_odd": bool(code)})
        return code
    facts = {key: value for key, value in report.as_dict().items() if key not in ("path", "odd")}
    rows = [
        (key, ", ".join(value) if isinstance(value, list) else _cell(value)) for key, value in facts.items()
    ]
    print_table(f"{options.path}: {report.kind}", ("found", ""), rows)
    for each in report.odd:
        allowed = " (allowed)" if each.kind in options.allow else ""
        print(f"{each.kind}: {each.count:,} {KINDS[each.kind]}{allowed}")
        for example in each.examples:
            print(f"  {example}")
    if not report.odd:
        print("nothing odd")
    return code


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)

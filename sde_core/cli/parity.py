"""`sde parity`: whether two sets of vectors are the same space, with an exit code for CI."""

import argparse
from dataclasses import asdict

from sde_core.cli.options import add_encoder_options, load_named_encoder, new_command, words
from sde_core.cli.output import print_json, print_table
from sde_core.errors import ConfigError

_NOT_ENOUGH = 3


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "parity",
        "Say whether two sets of vectors are the same space, and if not, what was done to the second. "
        "Exit code 0: identical, 1: not, 3: too few rows to say.",
        "sde parity exported.npy original.npy --allow quantised",
        "sde parity pytorch-vectors onnx-vectors --json",
    )
    parser.add_argument("first", metavar="A", help="vectors: the reference")
    parser.add_argument("second", metavar="B", help="vectors of the same things")
    parser.add_argument(
        "--allow",
        type=words,
        default=[],
        metavar="VERDICT,...",
        help="verdicts that leave the exit code at 0",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=1e-3,
        metavar="X",
        help="distance of a row up to which it is explained, in units of the spread; default: 0.001",
    )
    parser.add_argument("--seed", type=int, default=0, help="of samples and draws")
    add_encoder_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare, print, and return 1 where the two are not the same, 3 where nothing can be said."""
    from sde_core.embedding_formats.named import open_named
    from sde_core.geometry.parity.verdict import VERDICTS
    from sde_core.report.inspection.same_space import parity

    unknown = [each for each in options.allow if each not in VERDICTS]
    if unknown:
        raise ConfigError(f"--allow must name verdicts out of {', '.join(VERDICTS)}; got {unknown[0]!r}")
    first, second = open_named(options.first), open_named(options.second)
    encoder = load_named_encoder(options.model, options) if options.model else None
    found = parity(first, second, encoder=encoder, tolerance=options.tolerance, seed=options.seed)
    code = 0 if found.is_same or found.verdict in options.allow else 1
    code = _NOT_ENOUGH if found.verdict == "not enough" and code else code
    if options.json:
        print_json({**asdict(found), "sentence": found.sentence, "is_same": found.is_same})
        return code
    figures = [(name, f"{value:.4g}") for name, value in found.figures.items()]
    print_table(found.verdict, ("figure", "value"), figures)
    print(found.sentence)
    return code

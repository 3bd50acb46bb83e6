"""`sde evaluate`: retrieval, zero-shot classification, a linear probe, or MMEB."""

import argparse

from sde_core.cli import classify, mmeb, retrieval
from sde_core.cli.engine import add_engine_options, refuse_without_engine
from sde_core.cli.method_options import add_partition_options
from sde_core.cli.options import add_encoder_options, add_memory_option, add_pairs_options, new_command, words
from sde_core.cli.sources import Source
from sde_core.errors import ConfigError

_TASKS = {
    "zeroshot_retrieval": retrieval.run,
    "zeroshot_classification": classify.run_zero_shot,
    "linear_probe": classify.run_probe,
    "mmeb": mmeb.run,
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "evaluate",
        "Evaluate pairs or embedding sets. Without arguments: retrieval by the bundled encoder on the test splits.",
        "sde evaluate --embeddings emoji/test --fit-on emoji/train --captions primary",
        "sde evaluate my_pairs.csv --model ViT-B-32 --pretrained laion2b_s34b_b79k",
        "sde evaluate --embeddings clipart/val --task zeroshot_classification --label-column group",
    )
    parser.add_argument(
        "pairs",
        nargs="*",
        default=["emoji/test", "clipart/test"],
        help="sets of pairs to encode; several are also evaluated together; default: %(default)s",
    )
    parser.add_argument(
        "--embeddings",
        nargs="+",
        metavar="SET",
        help="embedding sets to evaluate instead of encoding pairs",
    )
    parser.add_argument(
        "--task", choices=tuple(_TASKS), default="zeroshot_retrieval", help="default: %(default)s"
    )
    parser.add_argument(
        "--captions",
        choices=("each", "primary", "all", "both"),
        help="each: every caption is right for its own picture alone, as CLIP_benchmark counts; primary: the first "
        "of each picture; all: equal ones are one, right for all their pictures; default: a row for each of the three",
    )
    parser.add_argument(
        "--fit-on",
        metavar="SET",
        help="split to fit the enhancement, the pruning and all baselines on; each is then a row beside raw",
    )
    parser.add_argument(
        "--baselines", type=words, metavar="NAME,...", help="only these rows beside raw; default: all"
    )
    classify.add_options(parser)
    mmeb.add_options(parser)
    add_partition_options(parser)
    add_pairs_options(parser)
    add_encoder_options(parser)
    add_memory_option(parser)
    add_engine_options(parser, "count ranks of --embeddings block by block", "counts")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Open or encode, evaluate, print."""
    if options.task != "zeroshot_retrieval":
        if options.engine:
            raise ConfigError(f"--engine counts ranks, which {options.task} does not need: leave it out")
        refuse_without_engine(options)
    source = Source(options, saved=options.embeddings is not None)
    _TASKS[options.task](options, source, options.embeddings or options.pairs)

"""`sde finetune`: a training from the command line, on one device or, by torchrun, on several."""

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from sde_core.cli.finetune_options import add_settings, chosen_config
from sde_core.cli.options import add_later, new_command
from sde_core.cli.output import encoding_bar
from sde_core.errors import ConfigError

if TYPE_CHECKING:
    from sde_core.encoders import Encoder
    from sde_core.pairs import Pairs
    from sde_core.sets.embeddings import EmbeddingSet
    from sde_core.training import Event, FinetuneConfig

MIX = "interpolated"
"""Folder, in the output, of the weights between start and end."""

_EXAMPLES = (
    "sde finetune --embeddings emoji --output run --loss sde --sde component_contrast=1 --beside infonce",
    "sde finetune my-shards --train last-block --epochs 3 --output run",
    "sde finetune my-shards --output run --resume",
    "torchrun --nproc-per-node 2 -m sde_core finetune my-shards --train full --output run",
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "finetune",
        "Train an adapter, projections or towers on image-text pairs; --json prints one event a line.",
        *_EXAMPLES,
    )
    parser.add_argument("pairs", nargs="?", help="set of pairs, encoded first")
    parser.add_argument(
        "--embeddings", metavar="SET", help="vectors to train on instead: bundled or a folder"
    )
    parser.add_argument("--model", help="encoder; default: the one that the vectors name, or the bundled one")
    parser.add_argument("--pretrained", help="pretrained tag or checkpoint file of that model")
    parser.add_argument("--output", required=True, help="folder for checkpoints, vectors and trained encoder")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="last",
        metavar="CHECKPOINT",
        help="go on from OUTPUT/last.safetensors or from a checkpoint, ours or open_clip's epoch_N.pt",
    )
    parser.add_argument(
        "--interpolate",
        type=float,
        metavar="ALPHA",
        help="write the weights (1 - ALPHA) start + ALPHA end too (WiSE-FT), to OUTPUT/interpolated",
    )
    add_later(parser, _add_training)
    parser.set_defaults(run=run)


def _add_training(parser: argparse.ArgumentParser) -> None:
    from sde_core.training.config import LossName

    parser.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="LOSS",
        choices=get_args(LossName),
        help="train this loss too, on the same batches; may come several times",
    )
    add_settings(parser)


def run(options: argparse.Namespace) -> None:
    """Train, tell what happens, save the vectors.

    Raises:
        SystemExit: the training failed (1) or was interrupted (130); a checkpoint is written.
    """
    from sde_core.training.ranks import is_first, leave

    if (options.pairs is None) == (options.embeddings is None):
        raise ConfigError("either a set of pairs or --embeddings must be given; got both or neither")
    if options.interpolate is not None:
        _check_interpolate(options.interpolate)
    has_joined = _join_torchrun(options)
    try:
        events = _events(options)
        with _stopping(events) as stream:
            if is_first():
                from sde_core.cli.finetune_report import tell

                code = tell(_mixed_too(stream, options), as_json=options.json, output=Path(options.output))
            else:
                code = _follow(stream)
    finally:
        if has_joined:
            leave()
    if code:
        raise SystemExit(code)


def _events(options: argparse.Namespace) -> "Iterator[Event]":
    from sde_core.training import finetune, finetune_side_by_side

    checkpoint = _checkpoint_path(options)
    config = _config(options, checkpoint)
    source = _source(options)
    encoder = _encoder(options, config)
    with encoding_bar(options.pairs or options.embeddings) as progress:
        if not options.beside:
            return finetune(
                source, config, encoder=encoder, output=options.output, resume=checkpoint, progress=progress
            )
        runs: dict[str, FinetuneConfig] = {config.loss.name: config}
        runs |= {name: replace(config, loss=replace(config.loss, name=name)) for name in options.beside}
        return finetune_side_by_side(
            source,
            runs,
            encoder=encoder,
            output=options.output,
            resume=options.resume is not None,
            progress=progress,
        )


def _check_interpolate(alpha: float) -> None:
    from sde_core.checks.matrices import check_share

    check_share(alpha, "--interpolate")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ConfigError(
            "--interpolate must be left out under torchrun: run again with --resume --interpolate on one device"
        )


def _mixed_too(events: "Iterator[Event]", options: argparse.Namespace) -> "Iterator[Event]":
    """Yield the events and, where it is asked for, the mix of each result with its start."""
    from sde_core.training import Done, Metrics, interpolate, interpolation_sweep

    for event in events:
        yield event
        alpha = options.interpolate
        if alpha is None or not isinstance(event, Done) or event.checkpoint is None:
            continue
        source, run = _source(options), f"{event.run}/{MIX}" if event.run else MIX
        encoder = _encoder(options, _config(options, event.checkpoint))
        (look,) = interpolation_sweep(event.checkpoint, source, encoder=encoder, alphas=(alpha,))
        yield Metrics(step=event.best_step, values=look.values, score=look.score, is_best=False, run=run)
        mixed = interpolate(
            event.checkpoint, source, alpha, encoder=encoder, output=Path(options.output) / run
        )
        yield replace(mixed, run=run)


def _checkpoint_path(options: argparse.Namespace) -> Path | None:
    from sde_core.training.checkpoint import LAST

    if options.resume is None:
        return None
    if not options.beside:
        return Path(options.output) / LAST if options.resume == "last" else Path(options.resume)
    if options.resume != "last":
        raise ConfigError("--resume must come without a checkpoint where --beside trains several")
    folders = sorted(Path(options.output).glob(f"*/{LAST}"))
    if not folders:
        raise ConfigError(f"--resume must find a run in {options.output}; there is none")
    return None


def _config(options: argparse.Namespace, checkpoint: Path | None) -> "FinetuneConfig":
    """Return the settings: of the checkpoint, where one is resumed, with what the options say."""
    from sde_core.training.resume import settings_of

    return chosen_config(options, None if checkpoint is None else settings_of(checkpoint))


def _source(options: argparse.Namespace) -> "EmbeddingSet | Pairs":
    if options.embeddings is not None:
        from sde_core.embedding_formats import open_embeddings

        return open_embeddings(options.embeddings)
    from sde_core.pairs import open_pairs

    return open_pairs(options.pairs)


def _encoder(options: argparse.Namespace, config: "FinetuneConfig") -> "Encoder | None":
    """Return the encoder that was named; for pairs the bundled one if none was."""
    from sde_core.cli.output import print_remarks
    from sde_core.encoders import load_encoder

    if options.model is None and options.embeddings is not None:
        return None
    encoder = load_encoder(options.model or "bundled", pretrained=options.pretrained, device=config.device)
    print_remarks(encoder.remarks)
    return encoder


def _join_torchrun(options: argparse.Namespace) -> bool:
    """Join the processes that torchrun started, take this one's GPU, and return whether it was done now."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return False
    import torch

    from sde_core.training.ranks import join

    if not hasattr(options, "device"):
        on_gpu = torch.cuda.is_available()
        options.device = f"cuda:{os.environ['LOCAL_RANK']}" if on_gpu else "cpu"
    if options.device.startswith("cuda"):
        torch.cuda.set_device(options.device)
    return join("nccl" if options.device.startswith("cuda") else "gloo")


def _follow(stream: "Iterator[Event]") -> int:
    """Train along with the first process, in silence."""
    from sde_core.training import Failed

    return max([0, *(1 for event in stream if isinstance(event, Failed))])


@contextmanager
def _stopping(events: "Iterator[Event]") -> "Iterator[Iterator[Event]]":
    """Yield the events until SIGINT or SIGTERM; the step at hand is finished and a checkpoint written."""
    asked: list[int] = []

    def ask(number: int, _: Any) -> None:  # noqa: ANN401
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        print("stopping after this step; once more to stop at once", file=sys.stderr)

    def until_asked() -> "Iterator[Event]":
        for event in events:
            yield event
            if asked:
                return

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield until_asked()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        events.close()  # type: ignore[attr-defined]
    if asked:
        print("sde finetune: interrupted; go on with --resume", file=sys.stderr)
        raise SystemExit(128 + asked[0])

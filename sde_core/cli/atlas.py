"""`sde atlas`: the whole reading of several encoders on one set, on one page."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from sde_core.cli.options import add_pairs_options, new_command
from sde_core.cli.output import encoding_bar, print_json, print_table
from sde_core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from sde_core.report.atlas import Atlas, EncoderReading
    from sde_core.report.atlas.make import Given

_SOME_FAILED = 1


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "atlas",
        "Read several encoders alike on one set and put them on one page: spectrum, bands, rank, gap, "
        "compressibility, retrieval. Exit code 1: some could not be read, the page names them.",
        "sde atlas bundled --pairs emoji/test --output atlas.html",
        "sde atlas bundled ViT-B-32/openai my-checkpoints/epoch_9.pt --pairs my_pairs.csv",
        "sde atlas --known --pairs clipart/test --device cuda",
        "sde atlas @mine.txt --embeddings vectors-of-another --pairs clipart/test",
    )
    parser.add_argument(
        "models",
        nargs="*",
        metavar="MODEL",
        help="encoder, as --model of `sde encode` takes it; @FILE names one a line, # begins a remark",
    )
    parser.add_argument("--known", action="store_true", help="and the well-known encoders of open_clip")
    parser.add_argument(
        "--embeddings",
        action="append",
        default=[],
        metavar="SET",
        help="and vectors of the same pairs by another encoder; may be repeated",
    )
    parser.add_argument("--pairs", default="emoji/test", help="that all read; default: %(default)s")
    add_pairs_options(parser)
    parser.add_argument("--output", default="atlas.html", help="page to write; default: %(default)s")
    parser.add_argument("--work", metavar="DIR", help="keeps what is done; default: beside the page")
    parser.add_argument("--rule", default="mp-iqr", metavar="NAME", help="of the bands; default: %(default)s")
    parser.add_argument(
        "--captions", choices=("each", "primary", "all"), default="primary", help="gallery of retrieval"
    )
    parser.add_argument("--resamples", type=int, default=2_000, help="draws of the intervals; default: 2,000")
    parser.add_argument("--seed", type=int, default=0, help="of halves and draws")
    parser.add_argument("--device", default="auto", metavar="NAME", help='"auto", "cpu", "cuda" or "cuda:N"')
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read what is missing, write the page, print."""
    names = _names(options)
    from sde_core.embedding_formats.named import open_named
    from sde_core.pairs import open_pairs
    from sde_core.report.atlas import make_atlas

    pairs = open_pairs(options.pairs, options.input_format, image_root=options.image_root)
    encoders: dict[str, Given] = {name: name for name in names}
    encoders |= {name: (lambda name=name: open_named(name)) for name in options.embeddings}
    work = Path(options.work or Path(options.output).with_suffix(".work"))
    with _interruptible(work), encoding_bar("atlas") as told:
        atlas = make_atlas(
            encoders,
            pairs,
            work,
            rule=options.rule,
            captions=options.captions,
            n_resamples=options.resamples,
            seed=options.seed,
            device=options.device,
            progress=lambda name, now: told(now, name),
        )
    atlas.save(options.output)
    if options.json:
        print_json({"output": options.output, **atlas.as_dict()})
    else:
        _print(atlas, options.output)
    for name, why in atlas.failures.items():
        print(f"not read: {name}: {why}", file=sys.stderr)
    return _SOME_FAILED if atlas.failures else 0


@contextmanager
def _interruptible(work: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        kept = f"what is done is kept in {work}: the same command goes on there"
        raise KeyboardInterrupt(kept) from None


def known_encoders() -> list[str]:
    """Return the well-known encoders of open_clip, small ones first."""
    return _listed(files("sde_core.cli").joinpath("known_encoders.txt").read_text("utf-8"))


def _names(options: argparse.Namespace) -> list[str]:
    found: list[str] = []
    for word in options.models:
        if not word.startswith("@"):
            found.append(word)
            continue
        try:
            found += _listed(Path(word[1:]).expanduser().read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{word[1:]} must be a text file with an encoder a line: {error}") from None
    found += known_encoders() if options.known else []
    if not found and not options.embeddings:
        raise ConfigError("atlas needs encoders: name one, such as bundled, @FILE, --known or --embeddings")
    return list(dict.fromkeys(found))


def _listed(text: str) -> list[str]:
    return [line for raw in text.splitlines() if (line := raw.partition("#")[0].strip())]


def _print(atlas: "Atlas", output: str) -> None:
    header = (
        "encoder", "width", "rank i", "rank t", "strong i", "strong t", "RMG", "i→t R@10", "t→i R@10",
    )  # fmt: skip
    print_table(f"{atlas.pairs}: rule {atlas.rule}", header, [_row(one) for one in atlas.readings])
    for one in atlas.readings:
        if one.kept:
            print(f"{one.name}: {one.advice}")
    print(f"written to {output}")


def _row(one: "EncoderReading") -> tuple[str, ...]:
    sides = [one.modalities.get(name) for name in ("image", "text")]
    return (
        one.name,
        str(one.width),
        *("-" if side is None else f"{side['metrics']['effective_rank']:.1f}" for side in sides),
        *("-" if side is None else str(side["bands"]["strong"]["directions"]) for side in sides),
        f"{one.gap['relative']:.3f}" if one.gap else "-",
        *(
            f"{100 * one.metrics[name]:.1f}" if one.metrics else "-"
            for name in ("text_retrieval_recall@10", "image_retrieval_recall@10")
        ),
    )

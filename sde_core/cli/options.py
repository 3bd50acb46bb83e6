"""Options that several commands share, and what they open."""

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sde_core.checks.settings import settings_of
from sde_core.cli.help_text import examples

if TYPE_CHECKING:
    from sde_core.encoders import Encoder


DEFAULT_MODEL = "bundled"


def new_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    *lines: str,
    json_file: bool = False,
    has_json: bool = True,
) -> argparse.ArgumentParser:
    """Return the parser of a new command.

    Args:
        commands: of the whole command line.
        name: of the command.
        summary: what it does, a sentence.
        lines: of a shell that its help ends with, the simplest first.
        json_file: whether --json may name a file.
        has_json: whether there is --json; its schema is then a file of sde_core/cli/schemas.
    """
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary,
        epilog=examples(*lines),
    )
    if not has_json:
        pass
    elif json_file:
        told = "print JSON for programs instead of a table, or write it to a file"
        parser.add_argument("--json", nargs="?", const="-", metavar="FILE|-", help=told)
    else:
        parser.add_argument("--json", action="store_true", help="print JSON for programs instead of a table")
    parser.add_argument(
        "--quiet", action="store_true", help="no progress and no remarks on stderr, only errors"
    )
    return parser


def add_later(parser: argparse.ArgumentParser, add: Callable[[argparse.ArgumentParser], None]) -> None:
    """Have ``add(parser)`` called when the command is first used: what it declares takes a second to import."""
    parse = parser.parse_known_args

    def complete(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        parser.parse_known_args = parse  # type: ignore[method-assign]
        add(parser)
        return parse(*arguments, **named)

    parser.parse_known_args = complete  # type: ignore[method-assign]


def add_settings_of(
    group: "argparse._ActionsContainer", config: type, *, shown: Mapping[str, str] | None = None
) -> None:
    """Add an option for each setting of a dataclass, as its annotation declares it.

    What is not given stays out of the namespace: `given_settings` returns the rest.

    Args:
        group: of options.
        config: the dataclass; fields that are no number and no text are left out.
        shown: field -> its option, where that has another name.
    """
    for setting in settings_of(config):
        if setting.kind is not None:
            name = (shown or {}).get(setting.name, setting.name)
            group.add_argument(
                f"--{name.replace('_', '-')}",
                type=setting.kind,
                choices=setting.choices or None,
                metavar=None if setting.choices else "NAME" if setting.kind is str else "N",
                default=argparse.SUPPRESS,
                help=setting.option_help,
            )


def given_settings(
    options: argparse.Namespace, config: type, *, shown: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the settings of a dataclass that were given, by field."""
    names = {s.name: (shown or {}).get(s.name, s.name) for s in settings_of(config) if s.kind is not None}
    return {field: getattr(options, name) for field, name in names.items() if hasattr(options, name)}


def add_memory_option(parser: argparse.ArgumentParser) -> None:
    """Add --memory."""
    parser.add_argument(
        "--memory",
        type=_size,
        metavar="SIZE",
        help="most memory that the work may hold beside the libraries, such as 2G; default: what is free",
    )


def add_pairs_options(parser: argparse.ArgumentParser) -> None:
    """Add --input-format, named as clip-retrieval does, and --image-root."""
    parser.add_argument(
        "--input-format",
        metavar="NAME",
        help="format of the pairs where it should not be detected: folder, table, parquet, webdataset, zip, ...",
    )
    parser.add_argument(
        "--image-root",
        metavar="DIR",
        help="folder that the names of pictures in a table count from, also absolute ones, and links may lead into",
    )


def add_encoder_options(parser: argparse.ArgumentParser) -> None:
    """Add --model, --pretrained, --precision, --device, --batch-size, --workers, named as open_clip does."""
    group = parser.add_argument_group("encoder")
    group.add_argument(
        "--model",
        metavar="NAME",
        help=(
            "bundled, an open_clip architecture or its json, hf-hub:..., a folder of open_clip, transformers or "
            f"sentence-transformers; default: the one that vectors name, else {DEFAULT_MODEL}"
        ),
    )
    group.add_argument("--pretrained", metavar="TAG", help="pretrained tag or checkpoint file of that model")
    group.add_argument(
        "--precision",
        default="auto",
        choices=("auto", "fp32", "fp16", "bf16"),
        help="auto: fp32 where it fits",
    )
    group.add_argument("--device", default="auto", metavar="NAME", help='"auto", "cpu", "cuda" or "cuda:N"')
    group.add_argument(
        "--batch-size",
        type=_positive_or_auto,
        default="auto",
        metavar="N",
        help="pictures at a time; default: auto, by device and free memory",
    )
    group.add_argument(
        "--workers",
        type=_count,
        metavar="N",
        help="processes that decode pictures, 0: threads of this one; default: by device and number of pictures",
    )


def load_chosen_encoder(options: argparse.Namespace) -> "Encoder":
    """Return the encoder that the options of `add_encoder_options` name; what was assumed of it is printed."""
    return load_named_encoder(options.model or DEFAULT_MODEL, options)


def load_named_encoder(name: str, options: argparse.Namespace) -> "Encoder":
    """Return the encoder of a name with the other options; what was assumed of it is printed."""
    from sde_core.cli.output import print_remarks
    from sde_core.encoders import load_encoder

    encoder = load_encoder(
        name, pretrained=options.pretrained, device=options.device, precision=options.precision
    )
    print_remarks(encoder.remarks)
    return encoder


def chosen_batch_size(options: argparse.Namespace, encoder: "Encoder") -> int:
    """Return the batch size that the options name, or the one that suits the encoder."""
    from sde_core.encoders import default_batch_size

    return default_batch_size(encoder) if options.batch_size == "auto" else int(options.batch_size)


def _size(text: str) -> int:
    from sde_core.errors import ConfigError
    from sde_core.files.memory import as_bytes

    try:
        return as_bytes(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def words(text: str) -> list[str]:
    """Return the names in "a,b,c"."""
    return [word.strip() for word in text.split(",") if word.strip()]


def _positive(text: str) -> int:
    value = int(text) if text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1; got {text!r}")
    return value


def _count(text: str) -> int:
    return 0 if text == "0" else _positive(text)


def _positive_or_auto(text: str) -> int | str:
    return text if text == "auto" else _positive(text)

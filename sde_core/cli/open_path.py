"""`sde open`: whatever a path holds, seen in the dashboard: detected, encoded if need be, opened."""

import argparse
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path

from sde_core.cli.options import add_encoder_options, add_pairs_options, load_chosen_encoder, new_command
from sde_core.cli.output import print_json, print_remarks, print_skipped
from sde_core.errors import DataError
from sde_core.files.cache import cache_folder


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = new_command(
        commands,
        "open",
        "Open pairs or vectors in the dashboard; pairs are encoded first, once.",
        "sde open my_pairs.csv",
        "sde open vectors.npz",
        "sde open /data/shards --model hf-hub:timm/ViT-B-16-SigLIP",
    )
    parser.add_argument(
        "path", help="pairs, vectors, or the folder of a set: anything that `sde check` reads"
    )
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--no-browser", action="store_true", help="print the address only")
    add_pairs_options(parser)
    add_encoder_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Bring the set to disk, start the dashboard on it, and stay until it is stopped."""
    from sde_core.cli.dashboard import serve

    folder = set_folder(options)
    before = signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # whoever ends this ends the server too
    try:
        with serve(folder, port=options.port) as dashboard:
            if options.json:
                print_json({"url": dashboard.url, "folder": str(folder)})
            else:
                print(f"{folder}\n{dashboard.url}\nCtrl-C ends it.")
            sys.stdout.flush()
            if not options.no_browser:
                import webbrowser

                webbrowser.open(dashboard.url)
            with suppress(KeyboardInterrupt):
                dashboard.process.wait()
    finally:
        signal.signal(signal.SIGTERM, before)


def set_folder(options: argparse.Namespace) -> Path:
    """Return the folder of the set that a path holds; pairs are encoded and kept where the dashboard keeps its own.

    Raises:
        SDEError: nothing there can be used.
    """
    from sde_core.embedding_formats import describe_embeddings
    from sde_core.embedding_formats.named import open_named
    from sde_core.sets.store import MANIFEST

    path = Path(options.path).expanduser()
    if (path / MANIFEST).is_file():
        return path.resolve()
    try:
        describe_embeddings(options.path)
    except DataError:
        return _encoded(options)
    embeddings = open_named(options.path)
    print_skipped(embeddings.skipped)
    print_remarks(embeddings.remarks)
    return embeddings.save(_place(path.resolve().stem, embeddings.fingerprint[:12]))


def _encoded(options: argparse.Namespace) -> Path:
    from sde_core.cli.sources import encoded_saying
    from sde_core.pairs import open_pairs
    from sde_core.sets.store import MANIFEST

    pairs = open_pairs(options.path, options.input_format, image_root=options.image_root)
    encoder = load_chosen_encoder(options)
    path = Path(options.path).expanduser()
    words = path.resolve().parts if path.exists() else options.path.split("/")  # "." has a name, too
    folder = _place("-".join(words[-2:]), f"{pairs.fingerprint[:8]}-{encoder.weights_sha256[:8]}")
    if (folder / MANIFEST).is_file():
        return folder
    return encoded_saying(pairs, encoder, options, folder.with_name(f"{folder.name}.blocks")).save(folder)


def _place(name: str, digest: str) -> Path:
    label = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "vectors"
    return cache_folder() / "embeddings" / f"{label}-{digest}"

"""Build the bundled pairs, or print the counts of those that are there."""

import argparse
import json
import tempfile
from pathlib import Path

from data.pairs.recipe.clipart import clipart_samples
from data.pairs.recipe.emoji import emoji_samples
from data.pairs.recipe.manifest import make_manifest, print_counts
from data.pairs.recipe.shards import write_shards
from data.pairs.recipe.sources import fetch_clipart, fetch_npm
from data.pairs.recipe.splits import assign_splits

PAIRS = Path(__file__).resolve().parents[1]


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m data.pairs.recipe", description=__doc__)
    parser.add_argument(
        "--work", type=Path, help="folder for the packages; what is there is not fetched again"
    )
    parser.add_argument("--output", type=Path, default=PAIRS, help="where to write; default: data/pairs")
    parser.add_argument("--counts", action="store_true", help="only print the table of the README")
    options = parser.parse_args()
    if not options.counts:
        work = options.work or Path(tempfile.mkdtemp(prefix="sde-pairs-"))
        emoji = list(emoji_samples(fetch_npm(work)))
        clipart = list(clipart_samples(fetch_clipart(work)))
        assign_splits([*emoji, *clipart])
        write_shards(emoji, options.output / "emoji")
        write_shards(clipart, options.output / "clipart")
        manifest = json.dumps(make_manifest(options.output), indent=1)
        (options.output / "MANIFEST.json").write_text(manifest + "\n", "utf-8")
    print_counts(json.loads((options.output / "MANIFEST.json").read_text("utf-8")))


if __name__ == "__main__":
    main()

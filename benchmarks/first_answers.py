"""Seconds of each question's first answer on a large set: `python -m benchmarks.first_answers`.

Generates 50,000 pairs of 512 numbers (seeded; two captions a picture; a second set, the first rounded to int8) in
memory, and times what the dashboard shows first of each question, and says on how many rows it is. Imports and one
answer on a small set come before. Two threads; wall seconds, and the processor's, which a busy machine moves less.
"""

import argparse
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch

import sde_core as sde
from benchmarks.large_views import generated
from sde_core.geometry.projection import sample_rows
from sde_explorer.compare.cached.decided import FIRST_PAIRS as FIRST_LAYERS
from sde_explorer.compare.numbers import decided
from sde_explorer.compare.numbers.rows import Items
from sde_explorer.data.cached import FIRST_PICTURES
from sde_explorer.retrieval.compress.numbers import Compressed, compressed
from sde_explorer.retrieval.numbers.parts import parts_of
from sde_explorer.subspaces.gap import FIRST_PAIRS, MOST_FITTED, MOST_LISTED

Answer = Callable[[], str]


class _FirstSeen(Exception):
    """Ends work whose first result was there."""


def answers(first: sde.EmbeddingSet, second: sde.EmbeddingSet) -> Iterator[tuple[str, Answer]]:
    """Yield each question's name and what gives its first answer and says on how much it is."""
    rows = np.arange(first.n_images)
    items = Items(first=rows, second=rows, total=len(rows))

    def keep() -> str:
        fit, test = parts_of(first, "all")
        seen: list[Compressed] = []

        def report(_share: float, _note: str, found: Compressed | None) -> None:
            if found is not None:
                seen.append(found)
                raise _FirstSeen

        with contextlib.suppress(_FirstSeen):
            compressed(fit, test, report)
        return f"whole vectors, {seen[0].n_images:,} pictures; other rows follow one by one"

    def gap() -> str:
        some = sample_rows(first.n_images, FIRST_PAIRS)
        images, texts = first.paired()
        sde.gap_labels(images[some], texts[some])
        sde.gap_parts(images[some], texts[some])
        return f"{len(some):,} pairs"

    def mixed() -> str:
        fit, test = (np.flatnonzero(half) for half in sde.hold_out(first))
        fit, test = fit[sample_rows(len(fit), MOST_FITTED)], test[sample_rows(len(test), MOST_LISTED)]
        found = sde.mixed_rankings(first.select(test), first.select(fit), ())
        return f"{found['raw'].n_queries:,} things, raw; treatments follow"

    def beyond_chance() -> str:
        found = decided.calibrated("image", first, second, items, lambda *_: None, decided.FIRST_ROWS // 2)
        return f"{found.n_rows:,} rows, {decided.SHUFFLES} shuffles"

    def parity() -> str:
        found = decided.same_space(first, second, decided.FIRST_ROWS)
        return f"{found.parity.n_rows:,} rows" if found.parity is not None else "no verdict"

    def difference() -> str:
        return f"{decided.difference('image', first, second, items).n_rows:,} rows"

    def wrong() -> str:
        some = first.select(sample_rows(first.n_images, FIRST_PICTURES))
        found = sde.mismatched_pairs(some.image, some.text, some.links)
        return f"{len(found.links):,} pairs of {some.n_images:,} pictures"

    def layers() -> str:
        found = sde.read_layers(
            sde.load_encoder("bundled"), sde.open_pairs("emoji"), limit=FIRST_LAYERS, n_sampled=FIRST_LAYERS,
            n_permutations=99,
        )  # fmt: skip
        return f"{found.n_items} pairs through the bundled encoder"

    yield "Keep how much?", keep
    yield "Same space?", parity
    yield "Gap", gap
    yield "Search in one list", mixed
    yield "Beyond chance", beyond_chance
    yield "Only in one", difference
    yield "Wrong pairs", wrong
    yield "By layer", layers


def main() -> None:
    """Print one row a question."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_answers", description=__doc__)
    parser.add_argument("--pairs", type=int, default=50_000, help="default: %(default)s")
    parser.add_argument("--width", type=int, default=512, help="default: %(default)s")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="questions; default: all")
    options = parser.parse_args()
    torch.set_num_threads(2)
    small, large = (_two(n, options.width) for n in (600, options.pairs))
    print(f"{options.pairs:,} x {options.width}, 2 threads, load {os.getloadavg()[0]:.1f}\n")
    print("| question | wall, s | processor, s | of |\n|---|---:|---:|---|")
    for (name, warm), (_, answer) in zip(answers(*small), answers(*large), strict=True):
        if options.only and name not in options.only:
            continue
        warm()
        wall, cpu = time.perf_counter(), time.process_time()
        said = answer()
        print(
            f"| {name} | {time.perf_counter() - wall:.1f} | {time.process_time() - cpu:.1f} | {said} |",
            flush=True,
        )


def _two(n_pairs: int, width: int) -> tuple[sde.EmbeddingSet, sde.EmbeddingSet]:
    made = generated(n_pairs, width)
    noise = np.random.default_rng(1).standard_normal(made.text.shape, np.float32)
    text = np.concatenate([made.text, made.text + 0.5 * noise])
    links = np.stack([np.arange(2 * n_pairs), np.arange(2 * n_pairs) % n_pairs], axis=1)
    captions = [*made.captions, *(f"{said}, again" for said in made.captions)]
    first = sde.EmbeddingSet.from_arrays(made.image, text, links, captions=captions, name="generated")
    step = np.abs(first.image).max() / 127
    return first, replace(first, image=np.round(first.image / step) * step)


if __name__ == "__main__":
    main()

"""Server time from a typed query to both sides' results: `python -m benchmarks.typed_query`.

A real script run of the side panel and the search of the Retrieval view for each text, every text another one, on
50,000 pairs x 512 (random vectors with a decaying spectrum), without the table below them. The encoder is open_clip's
ViT-B-32 with random weights, loaded and warm, as both indices are. The parts are timed alone, outside the page.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from streamlit.testing.v1 import AppTest

import sde_core as sde
from benchmarks.moved_knob import decaying
from sde_explorer.search.numbers import EXACT_ROWS, compare, right_answers, search

PAGE = """
from sde_explorer.search.box import search_controls
from sde_explorer.search.panel import search_panel
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.session import current_state
view = open_view("Retrieval")
with view.controls:
    search_controls(view.data, current_state())
search_panel(view.data, current_state())
"""
ARCHITECTURE = "ViT-B-32"
WORDS = ("red", "blue", "dog", "house", "tree", "sea", "old", "small", "three", "under", "paper", "night")


def main() -> None:
    """Print one row for the whole page and one for each part: fastest, median and 95th percentile."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.typed_query", description=__doc__)
    parser.add_argument("--pairs", type=int, default=50_000, help="default: %(default)s")
    parser.add_argument("--runs", type=int, default=40, help="texts; default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SDE_CACHE"] = str(Path(folder) / "cache")
        encoder = sde.load_encoder(_random_encoder(Path(folder) / "encoder"))
        made = decaying(options.pairs, 512)
        origin = replace(made.provenance, encoder=encoder.name, weights_sha256=encoder.weights_sha256)
        made = replace(made, provenance=origin)
        print("| what | ms: fastest | median | p95 |")
        print("|---|---:|---:|---:|")
        for name, taken in _parts(encoder, made, options.runs).items():
            print(f"| {name} | {_summary(taken)} |", flush=True)
        taken = _page(str(made.save(Path(folder) / "set")), options.runs)
        print(f"| side panel and search, a new text | {_summary(taken)} |", flush=True)


def _summary(taken: list[float]) -> str:
    return f"{min(taken):.0f} | {np.median(taken):.0f} | {np.quantile(taken, 0.95):.0f}"


def _random_encoder(folder: Path) -> Path:
    import open_clip
    from safetensors.torch import save_file

    folder.mkdir()
    torch.manual_seed(0)
    model = open_clip.create_model(ARCHITECTURE)
    config = {
        "model_cfg": open_clip.get_model_config(ARCHITECTURE),
        "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
    }
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return folder


def _texts(runs: int) -> list[str]:
    rng = np.random.default_rng(0)
    return [f"{' '.join(rng.choice(WORDS, 6))} {i}" for i in range(runs)]


def _timed(work: Callable[[], object]) -> tuple[float, object]:
    started = time.perf_counter()
    found = work()
    return 1000 * (time.perf_counter() - started), found


def _parts(encoder: sde.Encoder, embeddings: sde.EmbeddingSet, runs: int) -> dict[str, list[float]]:
    index = sde.build_index(embeddings.image, exact_rows=EXACT_ROWS)
    nothing = right_answers(embeddings, "pictures")
    bundled = sde.load_encoder()
    names = (
        "text encoded by the bundled encoder",
        f"text encoded by {ARCHITECTURE}",
        "searched, both sides",
        "compared",
    )
    taken: dict[str, list[float]] = {name: [] for name in names}
    for text in _texts(runs + 3):
        small, _ = _timed(lambda text=text: bundled.encode_texts([text]))
        one, vector = _timed(lambda text=text: encoder.encode_texts([text]))
        two, sides = _timed(lambda vector=vector: [search(index, vector), search(index, vector)])
        three, _ = _timed(lambda sides=sides: compare(*sides, nothing))
        for name, value in zip(taken, (small, one, two, three), strict=True):
            taken[name].append(value)
    return {name: values[3:] for name, values in taken.items()}


def _page(data: str, runs: int) -> list[float]:
    at = AppTest.from_string(PAGE, default_timeout=1200)
    at.query_params["data"] = data
    at.query_params["query"] = "first of all"
    at.run()
    while at.get("progress"):
        time.sleep(2)
        at.run()
    taken = []
    for text in _texts(runs + 3):
        at.text_input[0].set_value(text)
        taken.append(_timed(at.run)[0])
        assert not at.exception
        assert sum('data-side="after"' in e.proto.body for e in at.get("html")) == 1
    return taken[3:]


if __name__ == "__main__":
    main()

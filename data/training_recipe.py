"""Record the stored training again: `python -m data.training_recipe` from the top of the checkout.

A real training of a bundled set: an adapter on the bundled encoder's vectors, SDE beside InfoNCE on the same batches.
What it told is kept, rounded, so that the Training view has something to replay before one was started there.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sde_core as sde
from sde_core.checks.settings import to_plain
from sde_core.files import bundled
from sde_core.training import FinetuneConfig, LossConfig, finetune_side_by_side
from sde_core.training.events import as_plain

DATA = "emoji"
_INFONCE = FinetuneConfig(steps=240, evaluate_every=10, device="cpu")
_SDE = replace(_INFONCE, loss=LossConfig(name="sde", sde=sde.SDELossConfig.paper()))
RUNS = {"SDE": _SDE, "InfoNCE": _INFONCE}
DIGITS = 5
"""Of each number that is kept: more than a figure shows."""
_LEFT_OUT = ("labels", "note", "checkpoint", "encoder_folder")


def main() -> None:
    """Train, and keep what was asked for and what was told."""
    found = sde.EmbeddingSet.load(bundled.embeddings_folder(DATA))
    folder = bundled.training_folder()
    folder.mkdir(parents=True, exist_ok=True)
    asked = {
        "format": 1,
        "title": f"SDE beside InfoNCE, {_SDE.train} on {DATA}",
        "data": DATA,
        "folder": "",
        "part": [],
        "fingerprint": found.fingerprint,
        "runs": {name: to_plain(config) for name, config in RUNS.items()},
    }
    (folder / "request.json").write_text(json.dumps(asked, indent=1) + "\n", "utf-8")
    lines = [json.dumps(event, separators=(",", ":")) for event in told(found)]
    path = folder / "events.jsonl"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{path}: {len(lines)} events, {path.stat().st_size / 1e6:.2f} MB")


def told(found: sde.EmbeddingSet) -> Iterator[dict[str, Any]]:
    """Yield what the training tells, rounded; which machine it ran on and how fast is left out."""
    source = replace(found, provenance=replace(found.provenance, pairs="", encoder=""))
    for event in finetune_side_by_side(source, RUNS):
        plain = as_plain(event)
        if plain["event"] == "Step":
            print(f"\r{plain['run']} {plain['step']}   ", end="", file=sys.stderr)
            plain.pop("seconds")
        yield _short(plain)


def _short(value: Any) -> Any:  # noqa: ANN401  (any plain value)
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items() if name not in _LEFT_OUT}
    return [_short(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()

"""Where group, subgroup and style live while a loss trains: TRAINED_BANDS.md; `python -m benchmarks.bands_over_time`.

Each training is a file of its own; the same command goes on from there. `--report` keeps what has run in
bands_over_time.json and writes table and picture of docs/results.md from it.
"""

import argparse
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np

import sde_core as sde
from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.evaluation import part_vectors
from benchmarks.evidence.features import Features, features_of
from benchmarks.evidence.regimes import Part, regime
from benchmarks.evidence.training import Trained, train
from benchmarks.trained_bands import (
    METHODS,
    NUMBERS,
    ROOT,
    SEEDS,
    Number,
    apart,
    chosen_knobs,
    measured,
    rounded,
)
from benchmarks.training_run import write
from sde_core.report.svg import Figure, Scale

STEPS = (0, 4, 16, 48, 160)
PEAK = 16
"""Steps after which the first six directions hold most; seen in the figure, so what is told of it is no test."""
DIRECTIONS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
KEPT = ROOT / "benchmarks/bands_over_time.json"
PAGE = ROOT / "docs/results.md"
PICTURE = ROOT / "docs/images/results-bands-time.svg"
COLOURS = {"group": "strong", "subgroup": "ink", "style": "law"}
SPECTRA = {0: "noise", 16: "image", 48: "text", 160: "ink"}
"""Steps whose spectra are drawn, and in which colour; after 4 it is nearly that after 0."""
STYLE: dict[str, Number] = {
    "style in strong, %": NUMBERS["style in strong, %"],
    "of equal energy, %": lambda run: 100 * run["shares"]["energy"]["style"]["strong"],
}
"""Column of the first table -> what it says of a look."""
SEPARATE: dict[str, Number] = {
    **{name: NUMBERS[name] for name in ("disentangled", "complete", "band-specific")},
    "information gap": lambda run: 100 * (run["numbers"]["gap"] - run["null"]["gap"]),
    "R@1 seen, %": NUMBERS["R@1 seen, %"],
    "R@1 unseen, %": NUMBERS["R@1 unseen, %"],
}
"""Column of the second table -> what it says of a look; the first four in hundredths less random rotations."""
Looks = dict[str, dict[str, list[dict[str, Any]]]]
"""Method -> steps done, as JSON has it -> what was measured, seeds in order."""

_WIDE, _HIGH, _LEFT, _TOP = 156, 150, 48, 50


def main() -> None:
    """Run what has not run yet; or keep it and write table and picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bands_over_time", description=__doc__)
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build/trained_bands", help="default: build/trained_bands"
    )
    parser.add_argument("--report", action="store_true", help="keep what has run, write table and picture")
    options = parser.parse_args()
    if not options.report:
        _run(options.work)
        return
    if options.work.exists():
        KEPT.write_text(json.dumps(rounded(read(options.work)), separators=(",", ":")) + "\n")
    found = json.loads(KEPT.read_text("utf-8"))
    PAGE.write_text(filled(PAGE.read_text("utf-8"), found), "utf-8")
    write(picture(found), PICTURE)
    print("\n".join(table(found)))


def _run(work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    corpus = Corpus.bundled()
    features = features_of(corpus, "bundled", work / "features", is_clean=True)
    data, knobs = regime(corpus, "styles"), chosen_knobs()
    for seed in SEEDS:
        for method in METHODS:
            target = work / f"over-time-{method}-{seed}.json"
            if target.exists():
                continue
            began, looks = time.monotonic(), dict[str, Any]()

            def look(step: int, trained: Trained, looks: dict[str, Any] = looks) -> None:
                if step in STEPS:
                    looks[str(step)] = looked(corpus, features, trained, data.tests)

            rows = data.fitting(seed).train
            last = train(corpus, features, rows, method=method, knobs=knobs[method], seed=seed, look=look)
            look(STEPS[-1], last)
            target.write_text(json.dumps(looks) + "\n")
            print(f"{target.name}: {time.monotonic() - began:.0f} s", flush=True)


def looked(corpus: Corpus, features: Features, trained: Trained, tests: dict[str, Part]) -> dict[str, Any]:
    """Return what is measured of a training after all steps, and its spectrum."""
    image, _, _ = part_vectors(corpus, features, trained, Part(rows=corpus.rows("emoji", "test")))
    energies = sde.compute_spectrum(image, center="mean").energies
    part = (energies / energies.sum()).tolist()
    return measured(corpus, features, trained, tests) | {"spectrum": [part[j - 1] for j in DIRECTIONS]}


def read(work: Path) -> Looks:
    """Return what has run, of the methods that lack no seed."""
    found: Looks = {}
    for method in METHODS:
        files = [work / f"over-time-{method}-{seed}.json" for seed in SEEDS]
        if all(file.exists() for file in files):
            runs = [json.loads(file.read_text()) for file in files]
            found[method] = {str(step): [run[str(step)] for run in runs] for step in STEPS}
    return found


def filled(page: str, found: Looks) -> str:
    """Return the page with its table replaced."""
    made = "\n".join(table(found))
    marked = re.compile(r"(<!-- bands over time -->\n).*?(<!-- /bands over time -->)", re.DOTALL)
    return marked.sub(lambda m: f"{m[1]}{made}\n{m[2]}", page)


def change(looks: dict[str, list[dict[str, Any]]], of: Number, since: int = 0) -> tuple[float, float, float]:
    """Return by how much a number differs between the last look and an earlier one, and its 95 % interval."""
    return apart(looks[str(STEPS[-1])], looks[str(since)], of)


def table(found: Looks) -> list[str]:
    """Return both tables as Markdown: where style is at every look, with changes; how separate directions are."""
    style = NUMBERS["style in strong, %"]
    changes = [f"style in strong, {since} to {STEPS[-1]}" for since in (0, PEAK)]
    lines = [_row("loss", *STYLE, *changes), _row(*((1 + len(STYLE) + len(changes)) * ["---"]))]
    for method, looks in found.items():
        cells = [_over_time(looks, of) for of in STYLE.values()]
        for since in (0, PEAK):
            middle, low, high = change(looks, style, since)
            cells.append(f"{middle:+.1f} [{low:+.1f}, {high:+.1f}]")
        lines.append(_row(f"`{method}`", *cells))
    lines += ["", _row("loss", *SEPARATE), _row(*((1 + len(SEPARATE)) * ["---"]))]
    for method, looks in found.items():
        lines.append(_row(f"`{method}`", *(_over_time(looks, of) for of in SEPARATE.values())))
    return lines


def _over_time(looks: dict[str, list[dict[str, Any]]], of: Number) -> str:
    return " → ".join(f"{np.mean([of(run) for run in looks[str(step)]]):.0f}" for step in STEPS)


def picture(found: Looks) -> Figure:
    """Return for every loss the shares of the strong band over the steps, each seed a thin line, and the spectra."""
    nowhere = Scale(domain=(0, 1), pixels=(0, 1))
    figure = Figure(
        width=_LEFT + _WIDE * len(found),
        height=2 * _HIGH + _TOP + 132,
        x=nowhere,
        y=nowhere,
        alt="Share of group, subgroup and style in the six strong directions over the steps of six losses; spectra.",
    )
    figure.text(4, 16, "in the 6 strong directions, %", kind="title")
    for i, (name, colour) in enumerate(COLOURS.items()):
        _key(figure, 230 + 110 * i, name, colour, 12)
    second = _TOP + _HIGH + 88
    figure.text(4, second - 24, "variance of a direction, %", kind="title")
    for i, (step, colour) in enumerate(SPECTRA.items()):
        _key(figure, 230 + 140 * i, f"after {step} steps", colour, second - 28)
    for at, (method, looks) in enumerate(found.items()):
        left = _LEFT + _WIDE * at
        _shares(figure, method, looks, left, is_first=at == 0)
        _spectra(figure, looks, left, second, is_first=at == 0)
    middle = _LEFT + _WIDE * len(found) / 2
    figure.text(middle, _TOP + _HIGH + 34, "steps done", anchor="middle", kind="title")
    figure.text(middle, second + _HIGH + 34, "direction", anchor="middle", kind="title")
    return figure


def _shares(figure: Figure, method: str, looks: dict[str, Any], left: float, *, is_first: bool) -> None:
    figure.x = Scale(domain=(0, len(STEPS) - 1), pixels=(left + 8, left + _WIDE - 20))
    figure.y = Scale(domain=(0, 100), pixels=(_TOP + _HIGH, _TOP))
    figure.text(left + 8, _TOP - 10, method)
    _grid(figure, left, (0, 25, 50, 75, 100), is_first=is_first)
    for place, step in enumerate(STEPS):
        figure.text(figure.x(place), _TOP + _HIGH + 16, str(step), anchor="middle", kind="tick")
    for name, colour in COLOURS.items():
        runs = np.array(
            [[100 * run["shares"]["size"][name]["strong"] for run in looks[str(step)]] for step in STEPS]
        )
        for one in runs.T:
            figure.line(range(len(STEPS)), one.tolist(), colour, kind="seed")
        figure.line(range(len(STEPS)), runs.mean(axis=1).tolist(), colour)


def _spectra(figure: Figure, looks: dict[str, Any], left: float, top: float, *, is_first: bool) -> None:
    figure.x = Scale(domain=(1, DIRECTIONS[-1]), pixels=(left + 8, left + _WIDE - 20), kind="log")
    figure.y = Scale(domain=(0.01, 30), pixels=(top + _HIGH, top), kind="log")
    _grid(figure, left, (0.01, 0.1, 1, 10), is_first=is_first)
    for direction in (1, 6, 54):
        figure.text(figure.x(direction), top + _HIGH + 16, str(direction), anchor="middle", kind="tick")
    for step, colour in SPECTRA.items():
        mean = 100 * np.mean([run["spectrum"] for run in looks[str(step)]], axis=0)
        figure.line(DIRECTIONS, mean.tolist(), colour)


def _grid(figure: Figure, left: float, values: tuple[float, ...], *, is_first: bool) -> None:
    for value in values:
        y = figure.y(value)
        figure.parts.append(
            f'<line class="grid" x1="{left + 8}" x2="{left + _WIDE - 20}" y1="{y:.2f}" y2="{y:.2f}"/>'
        )
        if is_first:
            figure.text(left, y + 4, f"{value:g}", anchor="end", kind="tick")


def _key(figure: Figure, x: float, words: str, colour: str, y: float) -> None:
    figure.parts.append(
        f'<line x1="{x}" x2="{x + 22}" y1="{y}" y2="{y}" stroke="var(--{colour})" stroke-width="2.4"/>'
    )
    figure.text(x + 28, y + 4, words)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()

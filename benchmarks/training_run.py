"""SDE beside InfoNCE on the bundled emoji, seed by seed: `python -m benchmarks.training_run`."""

import argparse
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

import sde_core as sde
from sde_core.report import palette
from sde_core.report.svg import Figure, Scale
from sde_core.training import Done, Event, Metrics, SpectrumSnapshot
from sde_core.training.measure import score_of, validation_metrics

IMAGES = Path(__file__).resolve().parents[1] / "docs/images"
COLOURS = {"InfoNCE": "ink", "SDE": "accent", "SDE contrast": "law"}
_BARE = sde.SDELossConfig(enhancement=None, hellinger=0, subspace=0)
_STYLE = (
    "text{fill:var(--ink);font:12px system-ui,sans-serif}text.tick,text.title{fill:var(--noise-text)}"
    ".grid{stroke:var(--noise);stroke-opacity:.22}.axis{stroke:var(--noise);stroke-opacity:.7}"
    "polyline{fill:none;stroke-width:2.4;stroke-linejoin:round}polyline.seed{stroke-width:1;opacity:.45}"
    "rect.page{fill:var(--page)}"
)


def losses() -> dict[str, sde.LossConfig]:
    """Return what runs side by side, by the name in the table."""
    contrast = replace(_BARE, component_contrast=1.0, basis_memory=0.9, refresh_every=16, spectral_every=1)
    return {
        "InfoNCE": sde.LossConfig(),
        "SDE": sde.LossConfig(name="sde"),
        "SDE contrast": sde.LossConfig(name="sde", sde=contrast),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The events of one run that are looked at afterwards, and the source it started from."""

    looks: list[Metrics]
    spectra: list[SpectrumSnapshot]
    done: Done


def stories(source: sde.EmbeddingSet, *, epochs: int, seed: int) -> dict[str, Story]:
    """Return the runs of one seed; all see the same batches."""
    base = sde.FinetuneConfig(epochs=epochs, device="cpu", data_seed=seed, noise_seed=seed)
    runs = {name: replace(base, loss=loss) for name, loss in losses().items()}
    found: dict[str, list[Event]] = defaultdict(list)
    for event in sde.finetune_side_by_side(source, runs):
        found[event.run].append(event)
    return {
        name: Story(
            looks=[e for e in events if isinstance(e, Metrics)],
            spectra=[e for e in events if isinstance(e, SpectrumSnapshot)],
            done=next(e for e in events if isinstance(e, Done)),
        )
        for name, events in found.items()
    }


def test_score(embeddings: sde.EmbeddingSet) -> float:
    """Return the mean of R@1, R@5 and R@10 both ways on the test pictures, which no training looks at."""
    part = embeddings.select(embeddings.metadata["split"] == "test")
    return score_of(validation_metrics(part.image, part.text, part.links))


def table(source: sde.EmbeddingSet, seeds: list[dict[str, Story]]) -> list[str]:
    """Return the rows of a Markdown table, the start first; mean and range over the seeds."""
    head = "| | validation, % | test, % | test against InfoNCE, points, by seed | effective rank image / text | gap |"
    start = next(iter(seeds[0].values()))
    rows = [head, "|---|---:|---:|---|---:|---:|", _row("start", [start], 0, [test_score(source)], None)]
    plain = [test_score(stories["InfoNCE"].done.result) for stories in seeds]
    for name in seeds[0]:
        found = [stories[name] for stories in seeds]
        rows.append(_row(name, found, -1, [test_score(story.done.result) for story in found], plain))
    return rows


def _row(name: str, found: list[Story], at: int, test: list[float], plain: list[float] | None) -> str:
    looks, spectra = [s.looks[at] for s in found], [s.spectra[at] for s in found]
    against = (
        "" if plain is None else ", ".join(f"{100 * (a - b):+.2f}" for a, b in zip(test, plain, strict=True))
    )
    ranks = (float(np.mean([getattr(s, side).effective_rank for s in spectra])) for side in ("image", "text"))
    gap = float(np.mean([s.gap for s in spectra]))
    cells = (_spread([x.score for x in looks]), _spread(test), against, " / ".join(f"{r:.1f}" for r in ranks))
    return f"| {name} | {' | '.join(cells)} | {gap:.3f} |"


def _spread(values: list[float]) -> str:
    mean = f"{100 * float(np.mean(values)):.1f}"
    return mean if len(values) == 1 else f"{mean} ({100 * min(values):.1f} to {100 * max(values):.1f})"


def bands(stories: dict[str, Story]) -> list[str]:
    """Return the paper's table before and after: share of directions in each band, first seed."""
    rows = ["| % of directions, image / text | strong | weak | noise |", "|---|---:|---:|---:|"]
    shown = [("start", next(iter(stories.values())).spectra[0])]
    shown += [(name, story.spectra[-1]) for name, story in stories.items()]
    for name, spectrum in shown:
        sides = (spectrum.image.direction_shares, spectrum.text.direction_shares)
        cells = (
            " / ".join(f"{100 * side[band]:.1f}" for side in sides) for band in ("strong", "weak", "noise")
        )
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def recall_figure(seeds: list[dict[str, Story]]) -> Figure:
    """Return the validation score over the steps, a thin line a seed and a thick one for the mean."""
    lines = {
        name: np.array([[100 * m.score for m in stories[name].looks] for stories in seeds])
        for name in COLOURS
    }
    steps = [m.step for m in seeds[0]["InfoNCE"].looks]
    everything = np.concatenate([x.ravel() for x in lines.values()])
    words = "Mean of R@1, R@5 and R@10 on validation over training steps, InfoNCE and two kinds of SDE."
    low, high = float(everything.min()), float(everything.max())
    # Room for the key above the lines.
    figure = _figure((0, steps[-1]), (low - 0.1 * (high - low), high + 0.5 * (high - low)), words)
    figure.axes("step", "mean of R@1, R@5, R@10 both ways, validation, %")
    for place, (name, colour) in enumerate(COLOURS.items()):
        for one in lines[name]:
            figure.line(steps, one, colour, kind="seed")
        figure.line(steps, lines[name].mean(axis=0), colour)
        _key(figure, place, name, colour)
    return figure


def spectrum_figure(stories: dict[str, Story]) -> Figure:
    """Return the pictures' singular values at the start and at the end of each run of the first seed."""
    start = next(iter(stories.values())).spectra[0].image.singular_values
    shown = {"start": (start, "noise")}
    shown |= {n: (stories[n].spectra[-1].image.singular_values, c) for n, c in COLOURS.items()}
    top = max(float(values[0]) for values, _ in shown.values())
    low = max(min(float(values[-1]) for values, _ in shown.values()), top * 1e-3)
    words = "Singular values of the image vectors by rank before training and after it."
    figure = _figure((1, len(start)), (low, top * 1.2), words, kind="log")
    figure.axes("rank of the direction", "singular value of the image vectors")
    for place, (name, (values, colour)) in enumerate(shown.items()):
        figure.line(range(1, len(values) + 1), values.tolist(), colour)
        _key(figure, place, name, colour)
    return figure


def waterfall_figure(story: Story) -> Figure:
    """Return the pictures' spectra of one run on the way: a thin line a look, the last one thick."""
    spectra = [s.image.singular_values for s in story.spectra]
    top, low = max(float(v[0]) for v in spectra), min(float(v[-1]) for v in spectra)
    words = "Singular values of the image vectors at every look of one training with SDE."
    figure = _figure((1, len(spectra[0])), (max(low, top * 1e-3), top * 1.2), words, kind="log")
    figure.axes("rank of the direction", "singular value of the image vectors, SDE, seed 0")
    ranks = range(1, len(spectra[0]) + 1)
    for values in spectra[1:-1]:
        figure.line(ranks, values.tolist(), "accent", kind="seed")
    for place, (name, values, colour) in enumerate(
        (("step 0", spectra[0], "noise"), (f"step {story.spectra[-1].step}", spectra[-1], "accent"))
    ):
        figure.line(ranks, values.tolist(), colour)
        _key(figure, place, name, colour)
    return figure


def _figure(x: tuple[float, float], y: tuple[float, float], alt: str, *, kind: str = "linear") -> Figure:
    return Figure(
        width=640,
        height=340,
        x=Scale(domain=x, pixels=(64, 620)),
        y=Scale(domain=y, pixels=(290, 40), kind="log" if kind == "log" else "linear"),
        alt=alt,
    )


def _key(figure: Figure, place: int, name: str, colour: str) -> None:
    at = 60 + 18 * place
    figure.parts.append(
        f'<line x1="470" x2="494" y1="{at}" y2="{at}" stroke="var(--{colour})" stroke-width="2.4"/>'
    )
    figure.text(500, at + 4, name)


def write(figure: Figure, path: Path) -> None:
    """Write a figure as a file of its own, in the colours of the reader's theme."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{figure.width:g}" height="{figure.height:g}"'
        f"><style>{palette.variables()}{_STYLE}</style>"
        f'<rect class="page" width="{figure.width:g}" height="{figure.height:g}"/>'
    )
    path.write_text(f"{head}{figure.svg()}</svg>\n", encoding="utf-8")


def main() -> None:
    """Train, print both tables, write the pictures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training_run", description=__doc__)
    parser.add_argument("--epochs", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--seeds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--images", type=Path, default=IMAGES, help="folder of the pictures")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    source, began = sde.open_embeddings("emoji"), time.monotonic()
    seeds = [stories(source, epochs=options.epochs, seed=seed) for seed in range(options.seeds)]
    print("\n".join([*table(source, seeds), "", *bands(seeds[0])]))
    steps = seeds[0]["InfoNCE"].done.step
    print(f"\n{len(seeds) * len(COLOURS)} trainings of {steps} steps in {time.monotonic() - began:.0f} s.")
    write(recall_figure(seeds), options.images / "training-recall.svg")
    write(spectrum_figure(seeds[0]), options.images / "training-spectrum.svg")
    write(waterfall_figure(seeds[0]["SDE"]), options.images / "training-waterfall.svg")


if __name__ == "__main__":
    main()

"""What `SpectralMonitor` costs a training step: `python -m benchmarks.monitor_cost`.

CPU seconds, medians, each part taken in turn with the step itself: a call that is no look, and a look with its alarms
and its file, which comes once in ``--every`` steps and in a thread of its own. A wall clock would measure whoever else
uses the machine.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable

import torch
from open_clip.loss import ClipLoss
from torch import Tensor, nn
from torch.nn.functional import normalize

from sde_core.training.monitoring import SpectralMonitor
from sde_core.training.monitoring.window import RowWindow

ROWS = 2048


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monitor_cost", description=__doc__)
    parser.add_argument("--batch-size", type=int, default=1024, help="default: %(default)s")
    parser.add_argument("--width", type=int, default=512, help="default: %(default)s")
    parser.add_argument(
        "--every", type=int, default=100, help="steps from look to look; default: %(default)s"
    )
    parser.add_argument("--rounds", type=int, default=7, help="default: %(default)s")
    options = parser.parse_args()
    towers = {"the loss alone, two projections": 0, "two towers of 8 layers": 8}
    print("| a step of | step, CPU ms | a kept batch, ms | a look, ms | of a step, one look in ", end="")
    print(f"{options.every} |\n|---|---:|---:|---:|---:|")
    for name, layers in towers.items():
        print(f"| {name} | {_parts(layers, options)} |", flush=True)
    print(
        f"floor of a look: {_floor(options):.0f} ms for two eigendecompositions and two sets of singular values"
    )


def _floor(options: argparse.Namespace) -> float:
    """Return CPU milliseconds of the decompositions alone, on one thread; they need the width and no rows."""
    torch.set_num_threads(1)
    rows = torch.randn(ROWS, options.width, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    gram = rows.T @ rows
    half = gram.float()
    works = (lambda: torch.linalg.eigh(gram), lambda: torch.linalg.svdvals(half))
    once = [statistics.median(_cpu_seconds(work) for _ in range(options.rounds)) for work in works]
    return 2 * 1000 * sum(once)


def _parts(layers: int, options: argparse.Namespace) -> str:
    step = _step(layers, options.batch_size, options.width)
    image, text = step()
    window, taken = RowWindow(ROWS), {"step": [], "kept": [], "look": []}  # type: dict[str, list[float]]
    with (
        tempfile.TemporaryDirectory() as folder,
        SpectralMonitor(folder, rows=ROWS, in_background=False) as monitor,
    ):
        for number in range(options.rounds):
            taken["step"].append(_cpu_seconds(step))
            taken["kept"].append(_cpu_seconds(lambda: window.add(image, text)))
            rows = {
                name: torch.cat([each] * (ROWS // len(each)))
                for name, each in (("image", image), ("text", text))
            }
            taken["look"].append(_cpu_seconds(lambda rows=rows, number=number: monitor.look(number, **rows)))
    one, kept, look = (1000 * statistics.median(taken[part]) for part in ("step", "kept", "look"))
    n_kept = ROWS / options.batch_size + 1
    share = (n_kept * kept + look) / options.every / one
    return f"{one:.0f} | {kept:.1f} | {look:.0f} | {100 * share:.2f} %"


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _step(layers: int, rows: int, width: int) -> Callable[[], tuple[Tensor, Tensor]]:
    """Return a training step that returns its features."""
    torch.manual_seed(0)
    data = [torch.randn(rows, width) for _ in range(2)]
    towers = nn.ModuleList(
        nn.Sequential(
            *(nn.Sequential(nn.Linear(width, width), nn.GELU()) for _ in range(layers)),
            nn.Linear(width, width),
        )
        for _ in range(2)
    )
    loss, optimizer = ClipLoss(), torch.optim.SGD(towers.parameters(), lr=1e-3)

    def step() -> tuple[Tensor, Tensor]:
        image, text = (normalize(tower(x), dim=1) for tower, x in zip(towers, data, strict=True))
        optimizer.zero_grad()
        loss(image, text, torch.tensor(14.0)).backward()
        optimizer.step()
        return image, text

    return step


if __name__ == "__main__":
    main()

"""Losses of a large batch in blocks: seconds, memory and error. ``python -m benchmarks.large_batch``.

Each row is a process of its own, so that its largest memory is its own. The error is that of value and gradient in
float32 beside the same loss in float64, which the tests hold equal to open_clip's on batches that it can take; of
larger batches beside ClipLoss's formula in plain float64, the gradient at drawn rows of both modalities.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from open_clip.loss import ClipLoss, SigLipLoss
from torch import Tensor, nn

from benchmarks.loss_cost import batches_of
from sde_core.losses import BlockwiseLoss, spectral_contrast

LOSSES: dict[str, Callable[[int], Callable[..., Tensor]]] = {
    "InfoNCE, in blocks": lambda tile: BlockwiseLoss("infonce", tile=tile),
    "SigLIP, in blocks": lambda tile: BlockwiseLoss("siglip", tile=tile),
    "spectral contrast, in blocks": lambda tile: (
        lambda image, text, scale, bias: spectral_contrast(image, text, logit_scale=scale, tile=tile)
    ),
    "open_clip ClipLoss": lambda tile: ClipLoss(),
    "open_clip SigLipLoss": lambda tile: SigLipLoss(),
}


def main() -> None:
    """Print one row a loss and batch size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_batch", description=__doc__)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[4096, 8192, 32768])
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--tile", type=int, default=512)
    parser.add_argument(
        "--peers-up-to", type=int, default=8192, help="largest batch of open_clip's own losses"
    )
    parser.add_argument(
        "--errors-up-to", type=int, default=8192, help="largest batch that is computed in float64 as a whole"
    )
    parser.add_argument(
        "--rows", type=int, default=256, help="of each modality whose gradient is compared beyond that"
    )
    parser.add_argument("--only", nargs="+", metavar="LOSS", choices=LOSSES, default=list(LOSSES))
    parser.add_argument("--one", nargs=2, metavar=("LOSS", "B"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        size = int(options.one[1])
        rows = options.rows if size > options.errors_up_to else None
        print(json.dumps(_measured(options.one[0], size, options.width, options.tile, rows)))
        return
    print(
        "| loss, forward and backward | B | wall, s | cpu, s | memory above the features, MiB | error of value "
        "| of gradient |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for size in options.batch_sizes:
        for name in options.only:
            if name.startswith("open_clip") and size > options.peers_up_to:
                continue
            command = [sys.executable, "-m", "benchmarks.large_batch", "--one", name, str(size)]
            command += ["--width", str(options.width), "--tile", str(options.tile)]
            command += ["--errors-up-to", str(options.errors_up_to), "--rows", str(options.rows)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            errors = (f"{found[key]:.1e}" if key in found else "" for key in ("value", "gradient"))
            print(
                f"| {name} | {size:,} | {found['seconds']:.2f} | {found['cpu']:.2f} | {found['mib']:,.0f} | "
                f"{' | '.join(errors)} |",
                flush=True,
            )


def _measured(name: str, size: int, width: int, tile: int, rows: int | None) -> dict[str, float]:
    ((image, text),) = batches_of(size, width, torch.device("cpu"), count=1)
    scale, bias = torch.tensor(10.0), torch.tensor(-10.0)
    loss = LOSSES[name](tile)
    _gradient(loss, [x[:64].detach().requires_grad_() for x in (image, text)], scale, bias)  # warm
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, worked = time.perf_counter(), time.process_time()
    value, gradient = _gradient(loss, [image, text], scale, bias)
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    found = {"seconds": seconds, "cpu": cpu, "mib": memory}
    in_blocks = name.replace("open_clip ClipLoss", "InfoNCE, in blocks")
    in_blocks = in_blocks.replace("open_clip SigLipLoss", "SigLIP, in blocks")
    if rows is None:
        exact, slope = _gradient(
            LOSSES[in_blocks](tile),
            [x.detach().double().requires_grad_() for x in (image, text)],
            scale,
            bias,
        )
    elif in_blocks == "InfoNCE, in blocks":
        drawn = torch.randperm(size, generator=torch.Generator().manual_seed(0))[:rows]
        exact, slope = infonce_at(
            image.detach().double(), text.detach().double(), float(scale), drawn, tile=tile
        )
        gradient = torch.cat([part[drawn] for part in gradient.split(size)])
    else:
        return found
    return found | {
        "value": abs(value / exact - 1),
        "gradient": float((gradient - slope).norm() / slope.norm()),
    }


def infonce_at(image: Tensor, text: Tensor, scale: float, rows: Tensor, *, tile: int) -> tuple[float, Tensor]:
    """Return ClipLoss of a whole batch, and its gradient at some rows, from the formula.

    Args:
        image: (B, d) unit rows, float64.
        text: (B, d) unit rows, float64.
        scale: of the cosines, at most 100: exponentials of the scores are summed as they are.
        rows: (k,) numbers of rows.
        tile: rows whose scores are held at once.

    Returns:
        The loss, and (2 k, d) the gradient in the images and then in the texts.
    """
    of_image, of_text = image.new_empty(len(image)), image.new_zeros(len(image))
    for start in range(0, len(image), tile):
        scores = (scale * image[start : start + tile] @ text.T).exp_()
        of_image[start : start + tile] = scores.sum(dim=1)
        of_text += scores.sum(dim=0)
    own = scale * (image * text).sum(dim=1)
    value = (of_image.log() + of_text.log() - 2 * own).mean() / 2
    slopes = []
    for asks, answers, sums, others in ((image, text, of_image, of_text), (text, image, of_text, of_image)):
        scores = (scale * asks[rows] @ answers.T).exp_()
        weights = scores / sums[rows, None] + scores / others
        slopes.append(scale / (2 * len(image)) * (weights @ answers - 2 * answers[rows]))
    return float(value), torch.cat(slopes)


def _gradient(
    loss: Callable[..., Tensor], rows: list[Tensor], scale: Tensor, bias: Tensor
) -> tuple[float, Tensor]:
    value = (
        loss(*rows, scale, bias) if not isinstance(loss, nn.Module) else loss(*rows, scale, logit_bias=bias)
    )
    return float(value), torch.cat(torch.autograd.grad(value, rows))


if __name__ == "__main__":
    main()

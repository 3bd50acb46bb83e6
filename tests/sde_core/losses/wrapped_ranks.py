"""A training step under what wraps a model or a loss, on two gloo ranks: ``wrapped_ranks.py FOLDER``.

FSDP (``fully_shard``), DistributedDataParallel around a compiled model, a compiled loss, each with one and two parts
of a step, the loss built before the group of processes. Rank 0 writes the averaged gradients beside those of one
process on the whole batch, for test_wrapped.py.
"""

import sys
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path

import torch
from open_clip.loss import ClipLoss, SigLipLoss
from torch import Tensor, distributed, nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from sde_core.losses import SDELoss, SDELossConfig, WholeBatch
from sde_core.partition.manual import ManualRankRule
from tests.sde_core.losses.forked import on_ranks

ROWS, WIDTH, WORLD = 12, 6, 2


class OwnInfoNCE(nn.Module):
    """What a user writes, who thinks of one process."""

    def forward(self, image: Tensor, text: Tensor, scale: Tensor, logit_bias: Tensor | None = None) -> Tensor:
        return nn.functional.cross_entropy(scale * image @ text.T, torch.arange(len(image)))


class Towers(nn.Module):
    """FSDP takes no parameters without a dimension, and shards the first one."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.image, self.text = (
            nn.Parameter(torch.randn(8, WIDTH, generator=generator, dtype=torch.float64)) for _ in range(2)
        )
        self.scale = nn.Parameter(torch.full((1,), 8.0, dtype=torch.float64))

    def forward(self, image: Tensor, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, y = (
            nn.functional.normalize(image @ self.image, dim=1),
            nn.functional.normalize(text @ self.text, dim=1),
        )
        return x, y, self.scale.squeeze()


BASES: dict[str, Callable[[], nn.Module | None]] = {
    "ours": lambda: None,
    "open_clip's": ClipLoss,
    "open_clip's siglip": SigLipLoss,
    "a user's own": lambda: WholeBatch(OwnInfoNCE()),
}


def sde(parts: int, base: str) -> SDELoss:
    config = SDELossConfig(
        component_contrast=1.0, component_barlow=0.1, whitening=1.0, spectral_contrast=0.5, subspace_rank=2,
        rule=ManualRankRule(n_strong=4, n_weak=1), refresh_every=1, spectral_every=1, calls_per_step=parts,
    )  # fmt: skip
    return SDELoss(config, BASES[base]())


def sharded(model: nn.Module) -> nn.Module:
    return fully_shard(model)


def replicated(model: nn.Module) -> nn.Module:
    return DistributedDataParallel(model)


def compiled(model: nn.Module) -> nn.Module:
    return DistributedDataParallel(torch.compile(model, backend="aot_eager"))


# name -> how the model is wrapped, how the loss is
WRAPS: dict[str, tuple[Callable[[nn.Module], nn.Module], Callable[[nn.Module], nn.Module]]] = {
    "fsdp": (sharded, lambda loss: loss),
    "fsdp, compiled loss": (sharded, lambda loss: torch.compile(loss, backend="aot_eager")),
    "ddp, compiled model": (compiled, lambda loss: loss),
    "ddp, compiled loss": (replicated, lambda loss: torch.compile(loss, backend="aot_eager")),
}


def unsynchronised(outer: nn.Module, *, is_last: bool) -> AbstractContextManager[None]:
    """Hold gradients back in all parts of a step but the last, as trainers do."""
    if hasattr(outer, "set_requires_gradient_sync"):
        outer.set_requires_gradient_sync(is_last)
        return nullcontext()
    return nullcontext() if is_last or not hasattr(outer, "no_sync") else outer.no_sync()


def gradients(loss: nn.Module, outer: nn.Module, model: nn.Module, mine: slice, parts: int) -> list[Tensor]:
    """Return the gradients of a step in which the loss sees each part with what the others have, as open_clip does."""
    generator = torch.Generator().manual_seed(0)
    rows = [torch.randn(ROWS, 8, generator=generator, dtype=torch.float64)[mine] for _ in range(2)]
    cuts = list(zip(*(x.tensor_split(parts) for x in rows), strict=True))
    with torch.no_grad():
        kept = [outer(*cut)[:2] for cut in cuts]
    for i, cut in enumerate(cuts):
        with unsynchronised(outer, is_last=i == parts - 1):
            x, y, scale = outer(*cut)
            image, text = (
                torch.cat([new if j == i else kept[j][k] for j in range(parts)])
                for k, new in enumerate((x, y))
            )
            value = loss(image, text, scale, logit_bias=torch.tensor(-3.0, dtype=torch.float64))
            value.backward()
    found = [p.grad for p in model.parameters()]
    return [g.full_tensor() if hasattr(g, "full_tensor") else g.clone() for g in found]


def main(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="Grad strides")
    keys = [(wrap, base, parts) for wrap in WRAPS for base in BASES for parts in (1, 2)]
    built = {
        key: sde(key[2], key[1]) for key in keys
    }  # before there is a group, as Lightning and DeepSpeed's users do
    alone = {}
    for base in BASES if rank == 0 else ():
        for parts in (1, 2):
            model = Towers()
            alone[base, parts] = gradients(sde(parts, base), model, model, slice(None), parts)
    meeting = f"file://{folder / 'meeting'}"
    distributed.init_process_group(
        "gloo", init_method=meeting, rank=rank, world_size=WORLD, timeout=timedelta(seconds=120)
    )
    mine = slice(rank * ROWS // WORLD, (rank + 1) * ROWS // WORLD)
    found = {}
    for wrap, base, parts in keys:
        wrap_model, wrap_loss = WRAPS[wrap]
        model = Towers()
        outer, loss = wrap_model(model), wrap_loss(built[wrap, base, parts])
        found[wrap, base, parts] = gradients(loss, outer, model, mine, parts)
    distributed.barrier()
    distributed.destroy_process_group()
    if rank == 0:
        torch.save({"alone": alone, "found": found}, folder / "found.pt")


if __name__ == "__main__":
    on_ranks(main, WORLD, Path(sys.argv[1]))

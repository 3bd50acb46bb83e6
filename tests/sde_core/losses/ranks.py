"""Training steps on several gloo ranks, for test_distributed.py: ``ranks.py FOLDER``.

Three of these run at once. The first computes the steps of one process on the whole batch, then they join two and
then three ranks and take the same steps with other shares, parts and orders of construction, as data-parallel training
takes them: a model in DistributedDataParallel, no_sync for all parts but the last. Rank 0 writes what it found.
"""

import sys
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import torch
from open_clip.loss import ClipLoss, SigLipLoss
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from sde_core.errors import DataError
from sde_core.losses import (
    BlockwiseLoss,
    DuplicateAwareLoss,
    FANoiseLoss,
    RegularisedLoss,
    SDELoss,
    SDELossConfig,
    WholeBatch,
    barlow_twins,
    vicreg,
)
from sde_core.partition.manual import ManualRankRule
from sde_core.shaping.curriculum import CurriculumConfig
from tests.sde_core.losses.forked import on_ranks

ROWS, WIDTH = 12, 6
SHARES = {2: ((6, 6), (7, 5)), 3: ((4, 4, 4), (1, 6, 5))}


class OwnInfoNCE(nn.Module):
    """What a user writes, who thinks of one process."""

    def forward(self, image: Tensor, text: Tensor, scale: Tensor, logit_bias: Tensor | None = None) -> Tensor:
        target = torch.arange(len(image))
        return nn.functional.cross_entropy(scale * image @ text.T, target)


class Several(nn.Module):
    """Two losses at once, each with a memory of its own."""

    def __init__(self, *losses: nn.Module) -> None:
        super().__init__()
        self.losses = nn.ModuleList(losses)

    def forward(self, *features: Tensor, logit_bias: Tensor | None = None) -> Tensor:
        return sum(loss(*features, logit_bias=logit_bias) for loss in self.losses)


def sde(calls: int, base: nn.Module | None = None, **fields: object) -> SDELoss:
    """Return every term, strong directions by count, so that their noise and their signs are on trial too."""
    every = {
        "component_contrast": 1.0, "component_barlow": 0.1, "whitening": 1.0, "spectral_contrast": 0.5,
        "subspace_rank": 2,
        "rule": ManualRankRule(n_strong=4, n_weak=1), "refresh_every": 1, "spectral_every": 1,
    }  # fmt: skip
    return SDELoss(SDELossConfig(**every | fields, calls_per_step=calls), base)


def marked() -> DuplicateAwareLoss:
    loss = DuplicateAwareLoss()
    same = torch.eye(ROWS, dtype=torch.bool)
    same[0, 11] = same[11, 0] = True
    loss.mark(same)
    return loss


# name -> calls per optimiser step -> the loss
CASES: dict[str, Callable[[int], nn.Module]] = {
    "noise": lambda calls: sde(calls),
    "adversarial": lambda calls: sde(calls, enhancement=CurriculumConfig(strong="adversarial")),
    "centred, remembered": lambda calls: sde(calls, center="mean", basis_memory=0.5),
    "captured, noise band": lambda calls: sde(calls, subspace_form="captured", contrast_band="noise"),
    "marked": lambda calls: sde(calls, marked()),
    "a user's own": lambda calls: sde(calls, WholeBatch(OwnInfoNCE())),
    "barlow": lambda calls: RegularisedLoss(barlow_twins, weight=0.1),
    "vicreg": lambda calls: RegularisedLoss(vicreg, weight=0.1),
    "fanoise": lambda calls: FANoiseLoss(rho=0.3, calls_per_step=calls),
    "one in another": lambda calls: sde(calls, RegularisedLoss(barlow_twins, weight=0.1)),
    "several": lambda calls: Several(sde(calls), sde(calls, enhancement=None, seed=1)),
    "in blocks": lambda calls: sde(calls, BlockwiseLoss(tile=3), spectral_contrast_tile=5),
    "siglip in blocks": lambda calls: sde(calls, BlockwiseLoss("siglip", tile=3)),
    # Theirs send messages of one length, so they are for even shares.
    "open_clip's": lambda calls: sde(calls, ClipLoss()),
    "open_clip's siglip": lambda calls: sde(calls, SigLipLoss()),
    "open_clip's siglip, gathered": lambda calls: sde(calls, SigLipLoss(dist_impl="gather")),
}


class Towers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        weight = torch.randn(2, 8, WIDTH, generator=generator, dtype=torch.float64)
        self.weight = nn.Parameter(weight)
        self.scale = nn.Parameter(torch.tensor(8.0, dtype=torch.float64))

    def forward(self, image: Tensor, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, y = (
            nn.functional.normalize(z @ w, dim=1) for z, w in zip((image, text), self.weight, strict=True)
        )
        return x, y, self.scale


def step(loss: nn.Module, mine: slice, parts: int, *, is_shared: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Return value and gradients after the second of two equal steps, the mean over ranks where it is shared.

    With several parts it is open_clip's accumulation: vectors of all parts without a graph, then the loss once
    a part, with a graph for this part's vectors.
    """
    generator = torch.Generator().manual_seed(0)
    rows = [torch.randn(ROWS, 8, generator=generator, dtype=torch.float64)[mine] for _ in range(2)]
    model = Towers()
    outer = DistributedDataParallel(model) if is_shared else model
    bias = torch.tensor(-3.0, dtype=torch.float64)
    cuts = [x.tensor_split(parts) for x in rows]
    for _ in range(2):
        model.zero_grad()
        with torch.no_grad():
            kept = [model(*cut)[:2] for cut in zip(*cuts, strict=True)]
        for i, cut in enumerate(zip(*cuts, strict=True)):
            with outer.no_sync() if is_shared and i < parts - 1 else nullcontext():
                x, y, scale = outer(*cut)
                image, text = (
                    torch.cat([new if j == i else kept[j][k] for j in range(parts)])
                    for k, new in enumerate((x, y))
                )
                value = loss(image, text, scale, logit_bias=bias)
                value.backward()
    total = value.detach().clone()
    if is_shared:
        distributed.all_reduce(total)
        total /= distributed.get_world_size()
    return total, model.weight.grad.clone(), model.scale.grad.clone()


def refusal(loss: nn.Module, sizes: tuple[int, ...], rank: int) -> str:
    """Return the sentence that these shares are refused with."""
    mine = slice(sum(sizes[:rank]), sum(sizes[: rank + 1]))
    try:
        step(loss, mine, 1, is_shared=True)
    except DataError as error:
        return str(error)
    return "no refusal"


def shared_steps(rank: int, world: int, early: dict) -> dict:
    found = {}
    for sizes in SHARES[world]:
        mine = slice(sum(sizes[:rank]), sum(sizes[: rank + 1]))
        parts_of = (1, 2) if min(sizes) > 1 else (1,)
        for name, make in CASES.items():
            is_even = len(set(sizes)) == 1
            if name.startswith("open_clip") and not is_even:
                found["refused", name, sizes] = refusal(make(1), sizes, rank)
                continue
            for parts in parts_of:
                for order, loss in (
                    ("before", early.pop((name, parts, sizes), None)),
                    ("after", make(parts)),
                ):
                    if loss is not None:
                        found[name, sizes, parts, order] = step(loss, mine, parts, is_shared=True)
    place = {"rank": rank, "world_size": world}
    loss = sde(1, ClipLoss(**place))
    mine = slice(rank * ROWS // world, (rank + 1) * ROWS // world)
    found["clip without gathered gradient"] = step(loss, mine, 1, is_shared=True)
    found["no rows on the last"] = refusal(
        sde(1), (*(ROWS // (world - 1) for _ in range(world - 1)), 0), rank
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loss = sde(1, OwnInfoNCE())
        step(loss, mine, 1, is_shared=True)
        found["said of a local loss"] = [str(w.message) for w in caught if "WholeBatch" in str(w.message)]
    return found


def main(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="Grad strides")
    alone = {(name, parts): step(make(parts), slice(None), parts, is_shared=False)
             for name, make in CASES.items() for parts in (1, 2) if rank == 0}  # fmt: skip
    # Built before there is any group of processes, as Lightning and scripts with accelerate do.
    early = {(name, parts, sizes): make(parts) for name, make in CASES.items() for parts in (1, 2)
             for shares in SHARES.values() for sizes in shares[:1]}  # fmt: skip
    found = {1: alone}
    for world in (2, 3):
        if rank < world:
            meeting = f"file://{folder / f'meeting-{world}'}"
            distributed.init_process_group(
                "gloo", init_method=meeting, rank=rank, world_size=world, timeout=timedelta(seconds=120)
            )
            found[world] = shared_steps(rank, world, early)
            distributed.barrier()
            distributed.destroy_process_group()
    if rank == 0:
        torch.save(found, folder / "found.pt")


if __name__ == "__main__":
    on_ranks(main, 3, Path(sys.argv[1]))

"""One training step per case on one or two ranks, as data-parallel training takes it.

Run by test_distributed.py: ``two_ranks.py RANK WORLD RENDEZVOUS OUT`` writes {case: (loss, gradient)}.
"""

import sys

import torch
from open_clip.loss import ClipLoss, SigLipLoss
from torch import distributed, nn

from sde_core.losses import FANoiseLoss, RegularisedLoss, SDELoss, SDELossConfig, barlow_twins, vicreg
from sde_core.partition.manual import ManualRankRule
from sde_core.shaping.curriculum import CurriculumConfig

ROWS, WIDTH = 16, 6


def cases(rank: int, world: int) -> dict[str, nn.Module]:
    place = {"rank": rank, "world_size": world}
    adversarial = CurriculumConfig(strong="adversarial")
    # Strong directions by count, so that their noise and their signs are on trial too.
    rule = ManualRankRule(n_strong=4, n_weak=1)
    every = {
        "component_contrast": 1.0,
        "component_barlow": 0.1,
        "whitening": 1.0,
        "subspace_rank": 2,
        "rule": rule,
    }
    return {
        "noise": SDELoss(SDELossConfig(**every)),
        "adversarial": SDELoss(SDELossConfig(enhancement=adversarial, **every)),
        "centred, remembered": SDELoss(SDELossConfig(center="mean", basis_memory=0.5, **every)),
        "captured, noise band": SDELoss(
            SDELossConfig(subspace_form="captured", contrast_band="noise", component_contrast=1.0)
        ),
        "siglip": SDELoss(SDELossConfig(**every), SigLipLoss(**place, dist_impl="gather")),
        "clip without gathered gradient": SDELoss(SDELossConfig(**every), ClipLoss(**place)),
        "barlow": RegularisedLoss(barlow_twins, weight=0.1),
        "vicreg": RegularisedLoss(vicreg, weight=0.1),
        "fanoise": FANoiseLoss(rho=0.3),
    }


def step(loss: nn.Module, rank: int, world: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean loss and mean gradient over ranks after the second of two equal steps."""
    generator = torch.Generator().manual_seed(0)
    image, text = (torch.randn(ROWS, 8, generator=generator, dtype=torch.float64) for _ in range(2))
    weight = torch.randn(2, 8, WIDTH, generator=generator, dtype=torch.float64).requires_grad_()
    bias = torch.tensor(-3.0, dtype=torch.float64) if "SigLip" in type(loss.base_loss).__name__ else None
    mine = slice(rank * ROWS // world, (rank + 1) * ROWS // world)
    for _ in range(2):
        x, y = (
            nn.functional.normalize(z[mine] @ w, dim=1) for z, w in zip((image, text), weight, strict=True)
        )
        value = loss(x, y, torch.tensor(8.0, dtype=torch.float64), logit_bias=bias)
        (gradient,) = torch.autograd.grad(value, weight)
    both = torch.stack([value.detach().expand_as(gradient), gradient])
    if world > 1:
        distributed.all_reduce(both)
    return both[0].flatten()[0] / world, both[1] / world


def main(rank: int, world: int, rendezvous: str, out: str) -> None:
    torch.set_num_threads(1)
    if world > 1:
        distributed.init_process_group(
            "gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=world
        )
    found = {name: step(loss, rank, world) for name, loss in cases(rank, world).items()}
    if rank == 0:
        torch.save(found, out)
    if world > 1:
        distributed.barrier()
        distributed.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])

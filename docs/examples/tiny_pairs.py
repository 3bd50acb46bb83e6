"""What trainers of this folder share: pairs of features, and two linear towers."""

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, OUT = 24, 12


def pairs(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return features (count, WIDTH) of pictures and of their captions, which share what they show."""
    generator = torch.Generator().manual_seed(seed)
    shared = torch.randn(count, 8, generator=generator)
    image, text = (
        torch.cat([shared, torch.randn(count, WIDTH - 8, generator=generator)], dim=1) for _ in range(2)
    )
    return image, text


class Towers(nn.Module):
    """A linear map of each modality and a temperature; unit rows, as contrastive losses expect them."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.image, self.text = nn.Linear(WIDTH, OUT), nn.Linear(WIDTH, OUT)
        self.logit_scale = nn.Parameter(torch.tensor([2.0]))  # DeepSpeed and FSDP want a dimension

    def forward(self, image: Tensor, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return unit rows (m, OUT) of both, and 1 / temperature."""
        x, y = self.image(image), self.text(text)
        return (
            functional.normalize(x, dim=1),
            functional.normalize(y, dim=1),
            self.logit_scale.exp().squeeze().clone(),  # FSDP warns of views
        )

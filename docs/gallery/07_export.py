"""Is my export (ONNX, TensorRT, torch.export) the same?
=====================================================

Encode the same pictures before and after, and compare nothing but the vectors:
``sde.parity`` says whether both are one space, and if not, what was done. Here the
bundled image tower is exported by ``torch.export``; vectors of ONNX Runtime (as in
tests/clients/test_onnx.py) or of a server are compared in the same way.
"""

import io
from itertools import islice

import numpy as np
import torch
from PIL import Image

import sde_core as sde

encoder = sde.load_encoder("bundled", device="cpu")
pairs = islice(sde.open_pairs("clipart/test"), 40)
opened = [Image.open(io.BytesIO(pair.read_image())) for pair in pairs]
pictures = torch.stack([encoder.preprocess(picture) for picture in opened])
before = encoder.encode_images(pictures).numpy()


class Tower(torch.nn.Module):
    """The image tower alone, as an export wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.visual = encoder.model.visual

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (k, d) unit vectors."""
        return torch.nn.functional.normalize(self.visual(x), dim=-1)


exported = torch.export.export(Tower().eval(), (pictures,)).module()
with torch.no_grad():
    after = exported(pictures).numpy()
print("Exported:", sde.parity(before, after).sentence)

# %%
# What it says of exports that went wrong: rounded to eight bits, without the last
# normalisation, with other channels.

scale = np.abs(after).max() / 127
print("int8:", sde.parity(before, np.round(after / scale) * scale).sentence)
with torch.no_grad():
    long = encoder.model.visual(pictures).numpy()
    swapped = exported(pictures.flip(1)).numpy()
print("no unit length:", sde.parity(before, long).sentence)
other = sde.parity(before, swapped)
print("BGR for RGB:", other.sentence)
other.plot()

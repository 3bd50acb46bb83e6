"""A tower that ONNX Runtime runs is the same space as in PyTorch; with other channels it is told as another."""

import io
import warnings
from itertools import islice

import torch
from PIL import Image

import sde_core as sde
from tests.clients.programs import program

program("onnx")
onnxruntime = program("onnxruntime")


def test_an_export_is_identical_until_it_is_given_other_pictures(tmp_path):
    encoder = sde.load_encoder("bundled", device="cpu")
    pairs = islice(sde.open_pairs("clipart/test"), 24)
    opened = [Image.open(io.BytesIO(pair.read_image())) for pair in pairs]
    pictures = torch.stack([encoder.preprocess(picture) for picture in opened])
    before = encoder.encode_images(pictures).numpy()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # of the exporter, which is PyTorch's older one and takes a tenth of the time
        torch.onnx.export(encoder.model.visual.eval(), (pictures,), tmp_path / "tower.onnx", dynamo=False)
    session = onnxruntime.InferenceSession(tmp_path / "tower.onnx")

    def run(given: torch.Tensor) -> torch.Tensor:
        (found,) = session.run(None, {session.get_inputs()[0].name: given.numpy()})
        return torch.from_numpy(found)

    after = run(pictures)
    assert sde.parity(before, torch.nn.functional.normalize(after, dim=1)).sentence.startswith("identical")
    assert sde.parity(before, after).sentence.startswith("rescaled")
    swapped = torch.nn.functional.normalize(run(pictures.flip(1)), dim=1)
    assert sde.parity(before, swapped).sentence.split()[0] not in ("identical", "rescaled")

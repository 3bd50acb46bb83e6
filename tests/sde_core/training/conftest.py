import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image, ImageDraw

import sde_core as sde
from sde_core import EmbeddingSet


@pytest.fixture(scope="session")
def toy_set() -> EmbeddingSet:
    """200 pictures and 300 captions that a rotation of the captions brings together; 24 val, 24 test."""
    rng = np.random.default_rng(0)
    meaning = rng.normal(size=(200, 12))
    turn = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    links = [(i, i) for i in range(200)] + [(200 + i, i) for i in range(100)]
    text = meaning[[image for _, image in links]] @ turn + 0.4 * rng.normal(size=(300, 12))
    made = EmbeddingSet.from_arrays(
        meaning.astype(np.float32),
        text.astype(np.float32),
        np.array(links),
        captions=[f"caption {t}" for t in range(300)],
        name="toy",
    )
    split = np.array(["train"] * 152 + ["val"] * 24 + ["test"] * 24)
    kind = np.array([f"kind {i % 40}" for i in range(200)])
    fields = {f: getattr(made, f) for f in ("image", "text", "links", "image_ids", "captions", "name")}
    return EmbeddingSet(**fields, metadata={"split": split, "kind": kind})


COLOURS = ("red", "green", "blue", "yellow", "purple", "orange", "white", "gray")


@pytest.fixture(scope="session")
def shape_shard(tmp_path_factory):
    """48 pictures of 8 colours in 6 places; the last 8 are val; two captions each."""
    folder = tmp_path_factory.mktemp("shapes")
    with tarfile.open(folder / "shapes-000000.tar", "w") as archive:
        for i in range(48):
            colour, place = COLOURS[i % 8], i // 8
            picture = Image.new("RGB", (32, 32), "black")
            left, top = 10 * (place % 3), 16 * (place // 3)
            ImageDraw.Draw(picture).rectangle((left, top, left + 11, top + 15), fill=colour)
            out = io.BytesIO()
            picture.save(out, "PNG")
            captions = f"{colour} at {place}\na {colour} thing {place}\n".encode()
            facts = json.dumps({"split": "val" if i >= 40 else "train", "colour": colour}).encode()
            for suffix, content in (("png", out.getvalue()), ("txt", captions), ("json", facts)):
                info = tarfile.TarInfo(f"{i:03d}.{suffix}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return folder / "shapes-000000.tar"


@pytest.fixture(scope="session")
def tiny_encoder(tiny_encoder_folder):
    return sde.load_encoder(tiny_encoder_folder, device="cpu")

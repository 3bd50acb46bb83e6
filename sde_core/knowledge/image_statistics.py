"""Statistics of the images themselves: columns that every set with images has, read once and kept in a file.

All are of the image in sRGB, transparent parts on white, at most `SIDE` pixels wide and high:

- brightness, contrast: mean and standard deviation of the luma (BT.601), in [0, 1];
- colourfulness: after Hasler and Suesstrunk 2003, of opponents red-green and yellow-blue, divided by 255;
- red-green, yellow-blue: means of R - G and (R + G) / 2 - B;
- hue: angle of the mean chroma in degrees; a gap where there is next to no colour;
- sharpness: logarithm of the standard deviation of the luma's Laplacian;
- white share: of pixels whose three channels are at least 0.95;
- aspect, file size: logarithms of width / height and of the number of bytes, both of the file.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sde_core.errors import DataError
from sde_core.knowledge.columns import Column, Kind

if TYPE_CHECKING:
    from PIL.Image import Image

    from sde_core.pairs.base import Pair
    from sde_core.sets.embeddings import EmbeddingSet

SIDE = 256
KINDS: dict[str, Kind] = {
    "brightness": "number",
    "contrast": "number",
    "colourfulness": "number",
    "red-green": "number",
    "yellow-blue": "number",
    "hue": "hue",
    "sharpness": "number",
    "white share": "number",
    "aspect": "number",
    "file size": "number",
}
_FILE = "sde.image_statistics"
# Mean chroma below which an image has no hue.
_GREY = 0.005
_AT_ONCE = 64


def statistics_of(picture: "Image", n_bytes: int) -> dict[str, float]:
    """Return the statistics of one RGB image whose file has ``n_bytes``; NaN for the hue of a grey one.

    >>> from PIL import Image
    >>> found = statistics_of(Image.new("RGB", (8, 4), (255, 0, 0)), 100)
    >>> found["hue"], round(found["brightness"], 3), round(found["aspect"], 3)
    (0.0, 0.299, 0.693)
    """
    width, height = picture.size
    if max(width, height) > SIDE:
        picture = picture.copy()
        picture.thumbnail((SIDE, SIDE))
    rgb = np.asarray(picture, dtype=np.float64) / 255
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = math.hypot(float(red_green.std()), float(yellow_blue.std()))
    centre = math.hypot(float(red_green.mean()), float(yellow_blue.mean()))
    # The chroma plane in which hue is an angle: red at 0, green at 120, blue at 240 degrees.
    along, across = float((red - (green + blue) / 2).mean()), float((green - blue).mean()) * math.sqrt(3) / 2
    is_grey = math.hypot(along, across) < _GREY
    return {
        "brightness": float(luma.mean()),
        "contrast": float(luma.std()),
        "colourfulness": spread + 0.3 * centre,
        "red-green": float(red_green.mean()),
        "yellow-blue": float(yellow_blue.mean()),
        "hue": math.nan if is_grey else math.degrees(math.atan2(across, along)) % 360,
        "sharpness": math.log(1e-4 + _laplacian_spread(luma)),
        "white share": float((rgb.min(axis=-1) >= 0.95).mean()),
        "aspect": math.log(width / height),
        "file size": math.log(max(1, n_bytes)),
    }


def image_statistics(
    embeddings: "EmbeddingSet",
    *,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Column]:
    """Return the statistics of a set's images as columns; {} where the images are not on this machine.

    Args:
        embeddings: whose provenance names the pairs.
        cache: folder that keeps them; they are read from there if the same images were read before.
        progress: called with images done and images in all; may raise to stop.

    An image that cannot be read is a gap. Cost: one decoding of every image.
    """
    if not embeddings.provenance.pairs or not embeddings.n_images:
        return {}
    path = None if cache is None else cache / f"{_digest(embeddings)}.safetensors"
    numbers = _kept(path, embeddings.n_images)
    if numbers is None:
        numbers = _read(embeddings, progress)
        if path is not None and not np.isnan(numbers).all():
            _keep(path, numbers)
    if np.isnan(numbers).all():
        return {}
    return {name: Column.of(name, numbers[:, i], kind) for i, (name, kind) in enumerate(KINDS.items())}


def _read(embeddings: "EmbeddingSet", progress: Callable[[int, int], None] | None) -> npt.NDArray[np.float64]:
    from sde_core.pairs import open_pairs

    numbers = np.full((embeddings.n_images, len(KINDS)), np.nan)
    try:
        pairs = open_pairs(embeddings.provenance.pairs)
    except DataError:
        return numbers
    row_of = {image_id: row for row, image_id in enumerate(embeddings.image_ids)}
    wanted = (pair for pair in pairs if pair.id in row_of)
    done = 0
    with ThreadPoolExecutor() as pool:
        for some in _batches(wanted):
            for pair, found in zip(some, pool.map(_of_pair, some), strict=True):
                numbers[row_of[pair.id]] = found
            done += len(some)
            if progress is not None:
                progress(done, embeddings.n_images)
    return numbers


def _batches(pairs: "Iterator[Pair]") -> "Iterator[list[Pair]]":
    while some := list(islice(pairs, _AT_ONCE)):
        yield some


def _of_pair(pair: "Pair") -> list[float]:
    from sde_core.pairs.image import decode_image

    try:
        content = pair.read_image()
        return list(statistics_of(decode_image(content), len(content)).values())
    except DataError:
        return [math.nan] * len(KINDS)


def _laplacian_spread(luma: npt.NDArray[np.float64]) -> float:
    if min(luma.shape) < 3:
        return 0.0
    middle = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float((around - 4 * middle).std())


def _digest(embeddings: "EmbeddingSet") -> str:
    digest = hashlib.sha256(
        f"{embeddings.provenance.pairs}\1{embeddings.provenance.pairs_fingerprint}".encode()
    )
    digest.update("\0".join(embeddings.image_ids).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


def _kept(path: Path | None, n_images: int) -> npt.NDArray[np.float64] | None:
    from sde_core.files.tensor_file import read_tensors

    if path is None or not path.is_file():
        return None
    try:
        tensors, header = read_tensors(path, kind=_FILE, writer="image_statistics")
    except DataError:
        return None  # read again
    numbers: npt.NDArray[np.float64] = tensors["statistics"].numpy()
    fits = header.get("names") == " | ".join(KINDS) and numbers.shape == (n_images, len(KINDS))
    return numbers if fits else None


def _keep(path: Path, numbers: npt.NDArray[np.float64]) -> None:
    """Write the file; a folder that cannot be written costs another reading the next time."""
    import torch

    from sde_core.files.tensor_file import write_tensors

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        header = {"names": " | ".join(KINDS)}
        write_tensors(path, {"statistics": torch.from_numpy(numbers)}, kind=_FILE, header=header)
    except OSError:
        return

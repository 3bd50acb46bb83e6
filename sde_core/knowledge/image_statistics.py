"""Statistics of the images themselves: columns that every set with images has, read once and kept in a file.

The file is of the pairs, by id: a part of a set, and another encoder's set of the same pairs, read it too. Those of
the bundled pairs come with them.

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
from typing import TYPE_CHECKING, TypeAlias

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
_Numbers: TypeAlias = npt.NDArray[np.float64]
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
    ids, kept = embeddings.image_ids, _kept(path)
    if not all(image_id in kept for image_id in ids):
        kept = _bundled(embeddings) | kept
    missing = {image_id for image_id in ids if image_id not in kept}
    if missing:
        kept |= _read(embeddings, missing, progress)
        if path is not None and not all(np.isnan(kept[image_id]).all() for image_id in missing):
            _keep(path, kept)
    numbers = np.stack([kept[image_id] for image_id in ids])
    if np.isnan(numbers).all():
        return {}
    return {name: Column.of(name, numbers[:, i], kind) for i, (name, kind) in enumerate(KINDS.items())}


def _read(
    embeddings: "EmbeddingSet", wanted: set[str], progress: Callable[[int, int], None] | None
) -> dict[str, _Numbers]:
    from sde_core.pairs import open_pairs

    found: dict[str, _Numbers] = {image_id: np.full(len(KINDS), np.nan) for image_id in wanted}
    try:
        pairs = open_pairs(embeddings.provenance.pairs)
    except DataError:
        return found
    done = 0
    with ThreadPoolExecutor() as pool:
        for some in _batches(pair for pair in pairs if pair.id in wanted):
            for pair, numbers in zip(some, pool.map(_of_pair, some), strict=True):
                found[pair.id] = np.array(numbers)
            done += len(some)
            if progress is not None:
                progress(done, len(wanted))
    return found


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
    made = embeddings.provenance
    return hashlib.sha256(f"{made.pairs}\1{made.pairs_fingerprint}".encode()).hexdigest()[:32]


def _bundled(embeddings: "EmbeddingSet") -> dict[str, _Numbers]:
    """Return what came with the bundled pairs, where the set is of them as they are now."""
    from sde_core.files.bundled import PAIR_SETS, statistics_file

    name = embeddings.provenance.pairs
    return _kept(statistics_file(name), _digest(embeddings)) if name in PAIR_SETS else {}


def _kept(path: Path | None, digest: str = "") -> dict[str, _Numbers]:
    """Return what a file holds, by id; {} where there is none, or it is of other statistics or other pairs."""
    from sde_core.files.tensor_file import read_tensors

    if path is None or not path.is_file():
        return {}
    try:
        tensors, header = read_tensors(path, kind=_FILE, writer="image_statistics")
    except DataError:
        return {}  # read again
    is_ours = header.get("names") == " | ".join(KINDS) and {"ids", "statistics"} <= set(tensors)
    if not is_ours or (digest and header.get("pairs") != digest):
        return {}
    ids = tensors["ids"].numpy().tobytes().decode("utf-8", "surrogatepass").split("\0")
    numbers: _Numbers = tensors["statistics"].numpy()
    return dict(zip(ids, numbers, strict=True)) if numbers.shape == (len(ids), len(KINDS)) else {}


def _keep(path: Path, numbers: dict[str, _Numbers], digest: str = "") -> None:
    """Write the file; a folder that cannot be written costs another reading the next time."""
    import torch

    from sde_core.files.tensor_file import write_tensors

    ids = np.frombuffer("\0".join(numbers).encode("utf-8", "surrogatepass"), np.uint8)
    tensors = {
        "statistics": torch.from_numpy(np.stack(list(numbers.values()))),
        "ids": torch.from_numpy(ids.copy()),
    }
    header = {"names": " | ".join(KINDS), "pairs": digest}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(path, tensors, kind=_FILE, header=header)
    except OSError:
        return


def write_statistics(embeddings: "EmbeddingSet", path: Path) -> int:
    """Write the statistics of a set's images, so that they can lie beside its pairs; return how many there are.

    Args:
        embeddings: whose provenance names the pairs.
        path: of the file.
    """
    numbers = _read(embeddings, set(embeddings.image_ids), None)
    ordered = {image_id: numbers[image_id] for image_id in embeddings.image_ids}
    _keep(path, ordered, _digest(embeddings))
    return len(ordered)

"""What trained heads retrieve on a part, query by query, and what their spectra look like."""

import base64
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

import sde_core as sde
from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.features import TEMPLATES, Features, corrupted_rows
from benchmarks.evidence.regimes import Part
from benchmarks.evidence.training import Trained
from sde_core.classify.classification import class_ranks, class_vectors
from sde_core.retrieval.links import Ints
from sde_core.training.measure import gap, modality_spectrum
from sde_core.treatments.treatment import RAW, Treatment

KS = (1, 5, 10)
Levels = np.typing.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Hits:
    """How many of the cut-offs 1, 5 and 10 each query meets: the mean over queries and cut-offs is the score.

    Attributes:
        image: (m,) pictures that look for their captions, or for their class.
        text: (c,) captions that look for their pictures; empty for classes.
    """

    image: Levels
    text: Levels

    @property
    def score(self) -> float:
        """Mean of R@1, R@5 and R@10, both ways where there are two."""
        ways = [x.mean() / len(KS) for x in (self.image, self.text) if len(x)]
        return float(np.mean(ways))

    def recall(self, k: int) -> tuple[float, ...]:
        """Return recall at a cut-off of `KS`, image to text first."""
        least = len(KS) - KS.index(k)
        return tuple(float((x >= least).mean()) for x in (self.image, self.text) if len(x))

    def packed(self) -> dict[str, Any]:
        """Return text and counts that `unpacked` takes."""
        both = np.concatenate([self.image, self.text])
        return {"n": [len(self.image), len(self.text)], "hits": _as_text(both)}

    @classmethod
    def unpacked(cls, packed: dict[str, Any]) -> "Hits":
        """Return what `packed` wrote."""
        n, m = packed["n"]
        fours = np.frombuffer(zlib.decompress(base64.b85decode(packed["hits"])), dtype=np.uint8)
        flat = np.stack([fours >> 2 * i & 3 for i in range(4)], axis=1).ravel()[: n + m].astype(np.uint8)
        return cls(flat[:n], flat[n:])


def _as_text(levels: Levels) -> str:
    fours = np.pad(levels, (0, -len(levels) % 4)).reshape(-1, 4)
    bits = sum((fours[:, i].astype(np.uint8) << 2 * i for i in range(4)), np.zeros(len(fours), np.uint8))
    return base64.b85encode(zlib.compress(bits.astype(np.uint8).tobytes(), 9)).decode()


def retrieval_hits(image: Tensor, text: Tensor, links: Ints, treatment: Treatment = RAW) -> Hits:
    """Return the hits of vectors of a part, both ways, every caption a query."""
    ranks = treatment.ranks(image, text, links)
    return Hits(_levels(ranks.text_retrieval.best_rank), _levels(ranks.image_retrieval.best_rank))


def part_vectors(
    corpus: Corpus, features: Features, trained: Trained, part: Part
) -> tuple[Tensor, Tensor, Ints]:
    """Return vectors of a part's pictures and captions, and its links."""
    texts, links = corpus.positions(part.rows)
    if part.pictures:
        rows = features.corrupted[part.pictures][np.searchsorted(corrupted_rows(corpus), part.rows)]
    else:
        rows = features.image[part.rows]
    words = features.noisy[part.captions] if part.captions else features.text
    return trained.image(rows), trained.text(words[texts]), links


def part_hits(corpus: Corpus, features: Features, trained: Trained, part: Part) -> Hits:
    """Return the hits of trained heads on a part."""
    if not part.classes:
        return retrieval_hits(*part_vectors(corpus, features, trained, part))
    names, prompts = features.prompts[part.classes]
    classes = class_vectors(trained.text(prompts), len(TEMPLATES))
    right = np.searchsorted(names, corpus.column(part.classes.split("/")[1])[part.rows])
    scores = trained.image(features.image[part.rows]).double() @ classes.double().T
    return Hits(_levels(class_ranks(scores, torch.from_numpy(right))), np.zeros(0, np.uint8))


def spectrum_of(image: Tensor, text: Tensor, links: Ints) -> dict[str, Any]:
    """Return bands and effective rank of both modalities, their gap, and how far pairs agree band by band."""
    first = links[np.unique(links[:, 1], return_index=True)[1], 0]
    rows = image.numpy(), text[torch.from_numpy(first)].numpy()
    found: dict[str, Any] = {"gap": gap(*rows)}
    for name, x in zip(("image", "text"), rows, strict=True):
        one = modality_spectrum(x, "mp-iqr", rows)
        found[name] = {
            "directions": one.direction_shares,
            "energy": one.energy_shares,
            "effective_rank": one.effective_rank,
        }
    return found | {"agreement": _agreement(rows)}


def _agreement(rows: tuple[Any, Any]) -> dict[str, float]:
    """Return the mean correlation of paired coefficients in each band of the shared centred spectrum."""
    centred = [torch.from_numpy(x).double() for x in rows]
    centred = [x - x.mean(0) for x in centred]
    spectrum = sde.compute_spectrum(torch.cat(centred), center=None)
    labels = sde.partition_spectrum(spectrum, "mp-iqr").labels
    a, b = (x @ spectrum.basis for x in centred)
    correlation = (a * b).mean(0) / (a.std(0, correction=0) * b.std(0, correction=0)).clamp_min(1e-12)
    names = ("strong", "weak", "noise")
    return {n: float(correlation[labels == i].mean()) for i, n in enumerate(names) if (labels == i).any()}


def _levels(ranks: Tensor) -> Levels:
    found: Levels = sum((ranks.numpy() <= k).astype(np.uint8) for k in KS)  # type: ignore[assignment]
    return found

"""A treatment: what is done to both modalities of a set before, or while, their vectors are compared."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import ConfigError, DataError
from sde_core.files.claims import MARK
from sde_core.files.text_file import write_json
from sde_core.retrieval.ranking import RetrievalRanks, Score, cosine_score, retrieval_ranks
from sde_core.retrieval.scores import TransductiveScore
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.shaping.transform import AffineMap
from sde_core.treatments.sweep import SettingSweep
from sde_core.vocabulary import MODALITIES

Map: TypeAlias = Callable[[Tensor], Tensor]
FACTS = "transform.json"
FORMAT = 1
_UNFINISHED = "unfinished"
ROW_NAMES = {"enhance": "sde-enhanced", "prune": "sde-pruned"}
"""What tables call the two kinds of fitted gains."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, init=False)
class Treatment:
    """Maps of both modalities and a score; by default nothing is moved and cosines are taken.

    Our transform, every baseline and what `load_treatment` reads are one of these; `Baseline` and `SavedTreatment`
    are its former names. ``image`` and ``text`` may be given for ``image_map`` and ``text_map``.

    Attributes:
        name: for tables; default is the kind in ``facts``.
        image_map: (m, n) image rows -> what is compared; None leaves them.
        text_map: the same for text rows.
        score: how what comes out is compared.
        facts: plain values saying how it was made; "label" is what a treated set says was done to it.
        sweep: the settings that were tried on held-out pairs of the reference, and the one that was taken; None where
            nothing was chosen.

    >>> from sde_core import fit_mean_shift
    >>> rows = [[1.0, 0.0], [3.0, 2.0]]
    >>> Treatment(name="centred", image_map=fit_mean_shift(rows)).image(as_matrix(rows, "rows"))
    tensor([[-1., -1.],
            [ 1.,  1.]], dtype=torch.float64)
    """

    name: str
    image_map: Map | None
    text_map: Map | None
    score: Score
    facts: Mapping[str, Any]
    sweep: SettingSweep | None

    __repr__ = brief

    def __init__(
        self,
        *,
        name: str = "",
        image_map: Map | None = None,
        text_map: Map | None = None,
        score: Score = cosine_score,
        facts: Mapping[str, Any] | None = None,
        image: Map | None = None,
        text: Map | None = None,
        sweep: SettingSweep | None = None,
    ) -> None:
        known = {"kind": name, "label": name} if facts is None else facts
        values = {
            "name": name or ROW_NAMES.get(known.get("kind", ""), known.get("kind", "")),
            "image_map": image if image_map is None else image_map,
            "text_map": text if text_map is None else text_map,
            "score": score,
            "facts": known,
            "sweep": sweep,
        }
        for field, value in values.items():
            object.__setattr__(self, field, value)

    @property
    def image(self) -> Map:
        """What is done to image rows; without a map they come back as they are."""
        return _unmoved if self.image_map is None else self.image_map

    @property
    def text(self) -> Map:
        """What is done to text rows."""
        return _unmoved if self.text_map is None else self.text_map

    @property
    def transductive(self) -> bool:
        """Whether it reads all queries of a test before it ranks any; others know the reference only."""
        return isinstance(self.score, TransductiveScore)

    @property
    def moves(self) -> bool:
        """Whether vectors are moved; a treatment that only scores leaves them."""
        return self.image_map is not None or self.text_map is not None

    def mapped(self, image: MatrixLike, text: MatrixLike) -> tuple[Tensor, Tensor]:
        """Return (n_images, n) and (n_texts, n) rows as they are compared.

        Raises:
            DataError: not finite matrices, of another width than the maps, or a row of which the maps leave nothing.
        """
        sides = {"image": as_matrix(image, "image"), "text": as_matrix(text, "text")}
        found = self.image(sides["image"]), self.text(sides["text"])
        for (side, before), after, move in zip(
            sides.items(), found, (self.image_map, self.text_map), strict=True
        ):
            if move is not None:
                self._check_left(side, before, after)
        return found

    def ranks(self, image: MatrixLike, text: MatrixLike, text_to_image: MatrixLike) -> RetrievalRanks:
        """Return the ranks of `retrieval_ranks` under this treatment.

        Args:
            image: (n_images, n) image embeddings that nothing was fitted on.
            text: (n_texts, n) text embeddings that nothing was fitted on.
            text_to_image: (n_texts,) or (n_links, 2) as in `retrieval_metrics`.
        """
        return retrieval_ranks(*self.mapped(image, text), text_to_image, score=self.score)

    def __call__(self, embeddings: EmbeddingSet, *, name: str = "") -> EmbeddingSet:
        """Return the set with both maps applied; rows are not renormalised, cosines are taken of them.

        Args:
            embeddings: any set of the width of the maps.
            name: of the result; default says what was done to the set.

        Raises:
            DataError: another width.
            ConfigError: the treatment corrects scores, which no set can hold.
        """
        self._check_only_maps()
        label, done = str(self.facts["label"]), embeddings.provenance.transform
        return replace(
            embeddings,
            image=_mapped(self.image_map, embeddings.image, "image"),
            text=_mapped(self.text_map, embeddings.text, "text"),
            provenance=replace(embeddings.provenance, transform=f"{done}, then {label}" if done else label),
            name=name or f"{embeddings.name}, {self.facts['kind']}",
        )

    def save(self, folder: str | Path) -> Path:
        """Write a safetensors file a modality and the JSON of the facts, and return the folder.

        Until the end the JSON says that the folder is not whole: nobody reads it then, and the next save goes on.

        Raises:
            DataError: the folder holds something else, or cannot be written.
            ConfigError: not both modalities have a fitted `AffineMap`, or the treatment corrects scores.
        """
        self._check_only_maps()
        maps: dict[str, AffineMap] = {}
        for modality, fitted in zip(MODALITIES, (self.image_map, self.text_map), strict=True):
            if not isinstance(fitted, AffineMap):
                raise ConfigError(f"{modality}_map must be a fitted AffineMap to be saved; got {fitted!r}")
            maps[modality] = fitted
        target = Path(folder).expanduser()
        there = [path for path in _entries(target) if MARK not in path.name] if target.exists() else []
        if there and not (target / FACTS).is_file():
            raise DataError(f"folder must be new or a saved transform; {folder} holds something else")
        files = {modality: target / f"{modality}.safetensors" for modality in MODALITIES}
        try:
            target.mkdir(parents=True, exist_ok=True)
            write_json(target / FACTS, {"format": FORMAT, _UNFINISHED: True})
            for modality, file in files.items():
                maps[modality].save(file)
            digests = {modality: _digest(file) for modality, file in files.items()}
            write_json(target / FACTS, {"format": FORMAT, **self.facts, "sha256": digests})
        except OSError as error:
            raise DataError(f"folder must be writable; {folder}: {error.strerror}") from None
        return target

    def _check_left(self, side: str, before: Tensor, after: Tensor) -> None:
        """Say which row a map moves to zero, where cosines mean nothing; what was zero before is said by them."""
        gone = (torch.linalg.vector_norm(after, dim=1) == 0).nonzero()[:, 0]
        row = next((int(i) for i in gone if before[i].any()), None)
        if row is not None:
            raise DataError(
                f"{self.name} must leave something of each {side}; of row {row} nothing is left, so it has no "
                "direction any more: leave that row of the set, or of the table, out"
            )

    def _check_only_maps(self) -> None:
        if self.score is not cosine_score:
            raise ConfigError(
                f"{self.name} corrects scores, not vectors; rank with it (Treatment.ranks) instead"
            )


Baseline: TypeAlias = Treatment
SavedTreatment: TypeAlias = Treatment
RAW = Treatment(name="raw")


def load_treatment(folder: str | Path) -> Treatment:
    """Return the treatment in ``folder``.

    Raises:
        DataError: nothing there, a half-written one, or files that do not fit each other.
    """
    path = Path(folder).expanduser() / FACTS
    try:
        facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
        unfinished = bool(facts.get(_UNFINISHED))
        if not unfinished:
            known, digests = facts.pop("format"), facts.pop("sha256")
            labels = facts["label"], facts["kind"]
    except FileNotFoundError:
        raise DataError(f"{folder} must be a saved transform; {FACTS} is missing") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} cannot be read: {error}; fit the transform again") from None
    if unfinished:
        raise DataError(f"{folder} was not saved to its end; fit the transform again")
    if known != FORMAT or not all(isinstance(label, str) for label in labels):
        raise DataError(f"{path} must have format {FORMAT}; got {known}: it was written by another version")
    maps: dict[str, AffineMap] = {}
    for modality in MODALITIES:
        file = path.with_name(f"{modality}.safetensors")
        maps[modality] = AffineMap.load(file)
        if _digest(file) != digests.get(modality):
            raise DataError(f"{file} is not the file that {FACTS} was written with; fit the transform again")
    return Treatment(image_map=maps["image"], text_map=maps["text"], facts=facts)


def _unmoved(rows: Tensor) -> Tensor:
    return rows


def _mapped(move: Map | None, rows: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    return rows if move is None else move(as_matrix(rows, name)).numpy()


def _entries(path: Path) -> list[Path]:
    return list(path.iterdir()) if path.is_dir() else [path]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

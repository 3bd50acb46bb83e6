"""Fitted treatments as a folder: one safetensors file a modality, and a JSON that says how they were made."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sde_core.errors import DataError
from sde_core.files.text_file import write_json
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.shaping.transform import SpectralTransform
from sde_core.vocabulary import MODALITIES

FACTS = "transform.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SavedTreatment:
    """The maps of both modalities and how they were made.

    Attributes:
        image: map of image vectors.
        text: map of text vectors.
        facts: plain values; "label" is what a transformed set says was done to it.
    """

    image: SpectralTransform
    text: SpectralTransform
    facts: dict[str, Any]

    def __call__(self, embeddings: EmbeddingSet, *, name: str = "") -> EmbeddingSet:
        """Return the set with both maps applied; rows are not renormalised, cosines are taken of them.

        Args:
            embeddings: any set of the width of the maps.
            name: of the result; default says what was done to the set.

        Raises:
            DataError: another width.
        """
        label = str(self.facts["label"])
        done = embeddings.provenance.transform
        return replace(
            embeddings,
            image=self.image(embeddings.image),
            text=self.text(embeddings.text),
            provenance=replace(embeddings.provenance, transform=f"{done}, then {label}" if done else label),
            name=name or f"{embeddings.name}, {self.facts['kind']}",
        )

    def save(self, folder: str | Path) -> Path:
        """Write the maps, and last the JSON, and return the folder.

        Raises:
            DataError: the folder holds something else, or cannot be written.
        """
        target = Path(folder).expanduser()
        if target.exists() and not (target / FACTS).is_file() and any(_entries(target)):
            raise DataError(f"folder must be new or a saved transform; {folder} holds something else")
        try:
            target.mkdir(parents=True, exist_ok=True)
            (target / FACTS).unlink(missing_ok=True)  # until the end, what lies there is not whole
            for modality in MODALITIES:
                getattr(self, modality).save(target / f"{modality}.safetensors")
            digests = {m: _digest(target / f"{m}.safetensors") for m in MODALITIES}
            write_json(target / FACTS, {"format": FORMAT, **self.facts, "sha256": digests})
        except OSError as error:
            raise DataError(f"folder must be writable; {folder}: {error.strerror}") from None
        return target


def load_treatment(folder: str | Path) -> SavedTreatment:
    """Return the treatment in ``folder``.

    Raises:
        DataError: nothing there, a half-written one, or files that do not fit each other.
    """
    path = Path(folder).expanduser() / FACTS
    try:
        facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
        known, digests = facts.pop("format"), facts.pop("sha256")
        labels = facts["label"], facts["kind"]
    except FileNotFoundError:
        raise DataError(f"{folder} must be a saved transform; {FACTS} is missing") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} cannot be read: {error}; fit the transform again") from None
    if known != FORMAT or not all(isinstance(label, str) for label in labels):
        raise DataError(f"{path} must have format {FORMAT}; got {known}: it was written by another version")
    maps = {}
    for modality in MODALITIES:
        file = path.with_name(f"{modality}.safetensors")
        maps[modality] = SpectralTransform.load(file)
        if _digest(file) != digests.get(modality):
            raise DataError(f"{file} is not the file that {FACTS} was written with; fit the transform again")
    return SavedTreatment(facts=facts, **maps)


def _entries(path: Path) -> list[Path]:
    return list(path.iterdir()) if path.is_dir() else [path]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

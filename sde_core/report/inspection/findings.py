"""The outcome of a check, for tables and for JSON."""

from dataclasses import dataclass
from typing import Any

from sde_core.checks.brief import brief
from sde_core.report.inspection.odd import Odd


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a path holds.

    Attributes:
        path: as it was named.
        kind: "pairs" or "vectors".
        format: of the files.
        modalities: "image", "text" or both.
        n_images: images that can be used.
        n_texts: distinct captions.
        facts: other things that were counted, by name.
        odd: what is odd; empty where nothing is.
    """

    path: str
    kind: str
    format: str
    modalities: tuple[str, ...]
    n_images: int
    n_texts: int
    facts: dict[str, Any]
    odd: tuple[Odd, ...]

    __repr__ = brief

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {
            "path": self.path,
            "kind": self.kind,
            "format": self.format,
            "modalities": list(self.modalities),
            "n_images": self.n_images,
            "n_texts": self.n_texts,
            **self.facts,
            "odd": [each.as_dict() for each in self.odd],
        }

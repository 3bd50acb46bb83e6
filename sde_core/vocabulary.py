"""The field's words as values: bands, modalities, directions of retrieval and centring, each with its label."""

from enum import StrEnum
from typing import Self

from sde_core.errors import ConfigError


class Band(StrEnum):
    """A part of a spectrum; the order is that of the numbers in `Partition.labels`.

    >>> Band.WEAK.code, f"{Band.WEAK}", Band("weak") is Band.WEAK
    (1, 'weak', True)
    """

    STRONG = "strong"
    WEAK = "weak"
    NOISE = "noise"

    @property
    def code(self) -> int:
        """Its number in `Partition.labels`: 0 strong, 1 weak, 2 noise."""
        return BANDS.index(self)

    @property
    def label(self) -> str:
        """What people read."""
        return self.value


class Modality(StrEnum):
    """One of the two kinds of a pair."""

    IMAGE = "image"
    TEXT = "text"

    @property
    def label(self) -> str:
        """What people read."""
        return self.value


class Direction(StrEnum):
    """What is looked for: image retrieval is text -> image, text retrieval is image -> text.

    >>> Direction.IMAGE_RETRIEVAL.label, str(Direction.IMAGE_RETRIEVAL.query)
    ('text → image', 'text')
    >>> Direction("image → text").value
    'text_retrieval'
    """

    IMAGE_RETRIEVAL = "image_retrieval"
    TEXT_RETRIEVAL = "text_retrieval"

    @property
    def query(self) -> Modality:
        """What asks."""
        return Modality.TEXT if self is Direction.IMAGE_RETRIEVAL else Modality.IMAGE

    @property
    def gallery(self) -> Modality:
        """What answers."""
        return Modality.IMAGE if self is Direction.IMAGE_RETRIEVAL else Modality.TEXT

    @property
    def label(self) -> str:
        """What people read: query → gallery."""
        return f"{self.query} → {self.gallery}"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return next((each for each in cls if each.label == value), None)


class Centring(StrEnum):
    """Whether the mean is subtracted before the spectrum; the label says what becomes of the mean.

    Every spelling in use is read: that of options and specs ("mean", "none"), that of links ("removed", "kept"),
    and None.

    >>> Centring("removed").value, Centring(None).label
    ('mean', 'kept')
    """

    MEAN = "mean"
    NONE = "none"

    @property
    def label(self) -> str:
        """What people read, and what links say."""
        return "removed" if self is Centring.MEAN else "kept"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if value is None:
            return cls("none")
        return next((each for each in cls if each.label == value), None)


BANDS = tuple(Band)
MODALITIES = tuple(Modality)
DIRECTIONS = tuple(Direction)


def as_direction(value: "Direction | str") -> Direction:
    """Return a direction of retrieval from its name or label.

    Raises:
        ConfigError: there is none of that name.
    """
    try:
        return Direction(value)
    except ValueError:
        raise ConfigError(f"direction must be one of {', '.join(DIRECTIONS)}; got {value!r}") from None


MIXED_TREATMENTS = ("mean-shift", "whitening", "sde-enhanced")
"""Treatments of one list of images and texts beside "raw", where nothing else is asked for."""

KS = (1, 5, 10)
"""Cut-offs of recall at k, where no others are asked for."""

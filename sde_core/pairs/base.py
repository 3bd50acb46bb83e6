"""What a reader of image-text pairs gives: pairs one by one, by position and by id."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Metadata = Mapping[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Skipped:
    """One item that could not be used.

    Attributes:
        item: id of the pair, or the file, that was skipped.
        reason: why, in words.
    """

    item: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One picture with its captions; the picture is read when asked for.

    Attributes:
        id: unique within its set.
        captions: one or more, the primary one first.
        read_image: returns the picture's file content (WebP, JPEG, PNG, ...).
        metadata: scalars that came with the pair.
    """

    id: str
    captions: tuple[str, ...]
    read_image: Callable[[], bytes]
    metadata: Metadata = field(default_factory=lambda: MappingProxyType({}))


class Pairs(ABC):
    """A set of image-text pairs on disk; opening it reads no picture and no caption."""

    @property
    @abstractmethod
    def uri(self) -> str:
        """What to hand to `open_pairs` to open the same set again."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Hex digest that changes when the files change."""

    @property
    @abstractmethod
    def skipped(self) -> tuple[Skipped, ...]:
        """Items left out so far, with their reasons; complete after one whole iteration."""

    @abstractmethod
    def __iter__(self) -> Iterator[Pair]:
        """Yield the usable pairs in a fixed order."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of usable pairs; may have to read the index of every file."""

    @abstractmethod
    def find(self, pair_id: str) -> Pair:
        """Return the pair with this id.

        Raises:
            DataError: there is none.
        """

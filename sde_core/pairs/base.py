"""What a reader of image-text pairs gives: pairs one by one, by position and by id."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sde_core.checks.brief import brief
from sde_core.pairs.fingerprint import content_digest
from sde_core.vocabulary import MODALITIES, Modality

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

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One image with its captions; the image is read when asked for.

    Attributes:
        id: unique within its set.
        captions: one or more, the primary one first; none in a set of images only.
        read_image: returns the image's file content (WebP, JPEG, PNG, ...).
        metadata: scalars that came with the pair.
    """

    id: str
    captions: tuple[str, ...]
    read_image: Callable[[], bytes]
    metadata: Metadata = field(default_factory=lambda: MappingProxyType({}))

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """Classes and prompts of a set made for zero-shot classification.

    The number of a pair's class stands in its metadata under `label`, from 0.

    Attributes:
        classnames: names by number of class.
        templates: prompts with the place of the name as `{c}`: "a photo of a {c}."; none where the set has none.
    """

    classnames: tuple[str, ...]
    templates: tuple[str, ...]

    __repr__ = brief


class Pairs(ABC):
    """A set of image-text pairs on disk; opening it reads no image and no caption.

    Attributes:
        classification: classes and prompts, where the set has them.
    """

    classification: Classification | None = None
    _count: int | None = None

    def __repr__(self) -> str:
        """Return kind, place and number of items: at most 200 characters; reads the index of every file."""
        return f"{type(self).__name__}({self.uri[:120]!r}: {self.n_items:,} items)"

    @property
    @abstractmethod
    def uri(self) -> str:
        """What to hand to `open_pairs` to open the same set again."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Hex digest that changes when the files change; quick to make, a key for caches."""

    def content_fingerprint(self) -> str:
        """Return a hex digest of ids, captions, metadata and images, equal in every format; reads everything once."""
        return content_digest(self)

    @property
    @abstractmethod
    def skipped(self) -> tuple[Skipped, ...]:
        """Items left out so far, with their reasons; complete after one whole iteration."""

    @abstractmethod
    def __iter__(self) -> Iterator[Pair]:
        """Yield the usable pairs in a fixed order."""

    def __len__(self) -> int:
        """Number of pairs that iterating gives, to the last; the first call reads every caption, but no image."""
        if self._count is None:
            self._count = sum(1 for _ in self)
        return self._count

    @property
    @abstractmethod
    def n_items(self) -> int:
        """Number of items by names and indices, whether usable or not: quick, and never less than the length."""

    def prepare_to_find(self) -> None:
        """Read at once what `find` reads as a whole: threads that find their first pair together read it once."""
        _ = self.n_items

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What the pairs have: images and captions, or one of the two."""
        return MODALITIES

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on how the set is read, where that could be doubted; complete after one whole iteration."""
        return ()

    @abstractmethod
    def find(self, pair_id: str) -> Pair:
        """Return the pair with this id.

        Raises:
            DataError: there is none.
        """

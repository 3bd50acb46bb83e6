"""What two sets of the same items have in common: CKA, neighbours, retrieval; each beside its chance value."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.vocabulary import KS, Direction
from sde_explorer.compare.numbers.rows import Items, PairRows
from sde_explorer.compare.numbers.treated import Source, taken
from sde_explorer.readings.headline import watched_cosine

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Progress = Callable[[float, str], None]

N_NEIGHBOURS = 10
_BLOCK = 4_096


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Linear CKA of every two spaces, and how the modalities sit in each set.

    Attributes:
        names: of the spaces, such as "A image".
        cka: (s, s) linear CKA, 1 on the diagonal; NaN where a space is one point.
        chance: (s, s) its mean over all shuffles of the rows.
        alignment: of `sde_core.alignment_metrics`, for A and for B; empty without pairs.
        n_rows: rows that were compared.
        total: rows that there are.
    """

    names: tuple[str, ...]
    cka: Floats
    chance: Floats
    alignment: tuple[dict[str, float], ...]
    n_rows: int
    total: int

    @property
    def sample(self) -> tuple[int, int]:
        """How many rows were compared, and how many there are."""
        return self.n_rows, self.total

    def between(self, modality: str) -> tuple[float, float]:
        """Return linear CKA of a modality in A with the same in B, and its chance value."""
        i, j = (self.names.index(f"{side} {modality}") for side in "AB")
        return float(self.cka[i, j]), float(self.chance[i, j])


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Who is near whom in both sets, one modality.

    Attributes:
        modality: "image" or "text".
        items: rows that were compared.
        first: (m, k) nearest others in A, by their place in ``items``, nearest first.
        second: (m, k) the same in B.
        overlap: (m,) share of the neighbours that both have.
        moved: (m,) how much nearer, in B, a row is to its neighbours of B than to those of A; cosine.
    """

    modality: str
    items: Items
    first: Ints
    second: Ints
    overlap: Floats
    moved: Floats

    @property
    def sample(self) -> tuple[int, int]:
        """How many rows were compared, and how many there are."""
        return len(self.overlap), self.items.total

    @property
    def k(self) -> int:
        """Number of neighbours."""
        return int(self.first.shape[1])

    @property
    def chance(self) -> float:
        """Overlap of neighbours that are drawn at random."""
        return self.k / (len(self.overlap) - 1)

    def most_changed(self, count: int) -> Ints:
        """Return the places of the rows that share the fewest neighbours; of these, those that moved most first."""
        return np.lexsort((-self.moved, self.overlap))[:count]


@dataclass(frozen=True, kw_only=True)
class ComparedSets:
    """Retrieval in both sets with the same queries.

    Attributes:
        first: names of `sde_core.retrieval_metrics` -> values in A.
        second: the same in B.
        differences: the same names -> B minus A, paired.
        chance: recalls of a random ranking.
        n_images: pictures in the gallery.
        n_texts: captions in the gallery.
        total: pairs that there are.
    """

    first: dict[str, float]
    second: dict[str, float]
    differences: dict[str, sde.Interval]
    chance: dict[str, float]
    n_images: int
    n_texts: int
    total: int

    @property
    def sample(self) -> tuple[int, int]:
        """How many pairs were compared, and how many there are."""
        return self.n_images, self.total


def similarity(
    first: Source, second: Source, images: Items, pairs: PairRows, progress: Progress
) -> Similarity:
    """Return CKA of all spaces on the same rows: pairs where there are at least two, else pictures alone.

    Raises:
        DataError: fewer than two rows.
    """
    from sde_core.geometry.alignment import linear_cka_table

    has_pairs = len(pairs.images) > 1
    rows = pairs.images if has_pairs else images.first
    if len(rows) < 2:
        raise sde.DataError("linear CKA must have at least 2 rows that both sets share; got 1")
    spaces = {"A image": taken(first, "image", rows), "B image": taken(second, "image", rows)}
    if has_pairs:
        spaces |= {"A text": taken(first, "text", pairs.first), "B text": taken(second, "text", pairs.second)}
    names = tuple(sorted(spaces))
    steps = len(names) * (len(names) - 1) // 2 + 2 * has_pairs
    done = 0

    def follow(i: int, j: int) -> None:
        nonlocal done
        progress(done / steps, f"CKA of {names[i]} and {names[j]}")
        done += 1

    cka, chance = linear_cka_table([spaces[name] for name in names], progress=follow)
    alignment: list[dict[str, float]] = []
    for side in "AB" if has_pairs else "":
        progress((done + len(alignment)) / steps, f"pairs of {side}")
        alignment.append(sde.alignment_metrics(spaces[f"{side} image"], spaces[f"{side} text"]))
    total = pairs.total if has_pairs else images.total
    return Similarity(
        names=names,
        cka=cka.numpy(),
        chance=chance.numpy(),
        alignment=tuple(alignment),
        n_rows=len(rows),
        total=total,
    )


def neighbours(modality: str, first: Source, second: Source, items: Items, progress: Progress) -> Neighbours:
    """Return who is near whom by cosine in both sets.

    Raises:
        DataError: fewer than three rows, or a row of zeros.
    """
    from sde_core.checks.sphere import unit_rows
    from sde_core.geometry.search import nearest_others

    count = len(items.first)
    if count < 3:
        raise sde.DataError(
            f"neighbourhoods must have at least 3 rows that both sets share; got {count}: choose larger sets"
        )
    k = min(N_NEIGHBOURS, max(1, (count - 1) // 2))
    sides = [taken(s, modality, r) for s, r in ((first, items.first), (second, items.second))]
    near: list[Ints] = []
    for number, (name, rows) in enumerate(zip("AB", sides, strict=True)):

        def follow(share: float, number: int = number, name: str = name) -> None:
            progress(0.5 * (number + share), f"neighbours in {name}")

        follow(0.0)
        near.append(nearest_others(rows, k, exact_rows=count, progress=follow)[0][:, 1:])
    unit = unit_rows(sides[1], "B").cpu().numpy()
    cosines = [_mean_cosine(unit, table) for table in near]
    return Neighbours(
        modality=modality,
        items=items,
        first=near[0],
        second=near[1],
        overlap=sde.neighbourhood_overlap(*near).numpy(),
        moved=(cosines[1] - cosines[0]).astype(np.float64),
    )


def _mean_cosine(unit: npt.NDArray[np.float32], table: Ints) -> npt.NDArray[np.float32]:
    """Return for each row its mean cosine with the rows that the table names."""
    found = np.empty(len(table), np.float32)
    for start in range(0, len(table), _BLOCK):  # the gathered rows of a block, not of all
        part = slice(start, start + _BLOCK)
        found[part] = np.einsum("md,mkd->m", unit[part], unit[table[part]], optimize=True) / table.shape[1]
    return found


def compared_retrieval(first: Source, second: Source, pairs: PairRows, progress: Progress) -> ComparedSets:
    """Return retrieval of both sets on the same pictures and captions, and the paired differences B - A.

    Raises:
        DataError: fewer than two pairs, or a row of zeros.
    """
    from sde_core.sets.evaluation import chance_recalls

    if len(pairs.images) < 2:
        raise sde.DataError(
            f"retrieval must have at least 2 pairs that both sets share; got {len(pairs.images)}"
        )
    texts, place = np.unique(pairs.first, return_inverse=True)
    partner = np.zeros(int(pairs.first.max()) + 1, np.int64)
    partner[pairs.first] = pairs.second
    links = np.stack([place, np.arange(len(pairs.images))], axis=1)
    ranks = []
    for number, (name, one, captions) in enumerate((("A", first, texts), ("B", second, partner[texts]))):
        image, text = taken(one, "image", pairs.images), taken(one, "text", captions)
        asked, total = 0, len(image) + len(text)

        def follow(
            _: "Direction", some: Ints, number: int = number, name: str = name, total: int = total
        ) -> None:
            nonlocal asked
            asked += len(some)
            progress(0.4 * (number + min(asked / total, 1.0)), f"ranking in {name}")

        follow(Direction.IMAGE_RETRIEVAL, np.zeros(0, np.int64))
        ranks.append(sde.retrieval_ranks(image, text, links, score=watched_cosine(follow)))
    progress(0.8, "drawing queries again")
    return ComparedSets(
        first=sde.metrics_from_ranks(ranks[0], KS),
        second=sde.metrics_from_ranks(ranks[1], KS),
        differences=sde.retrieval_differences(ranks[0], ranks[1], KS),
        chance=chance_recalls(links, len(texts), len(pairs.images), KS),
        n_images=len(pairs.images),
        n_texts=len(texts),
        total=pairs.total,
    )

"""The eight numbers at the top of the Compare view; those that are still measured have their place."""

import math
from typing import TYPE_CHECKING

from sde_core.glossary.formats import percent, recall
from sde_explorer.compare.terms import HELP
from sde_explorer.ui.cards import WAITING, Card, Number

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.compare.numbers.measures import ComparedSets, Neighbours, Similarity
    from sde_explorer.compare.numbers.subspaces import Subspaces

_NONE = "–"


def compare_cards(
    pairs: "list[tuple[Bands, Bands]]",
    similarity: "Similarity | None",
    neighbours: "list[Neighbours]",
    subspaces: "list[Subspaces]",
    retrieval: "ComparedSets | None",
    *,
    waits: bool,
) -> tuple[Card, ...]:
    """Return the cards.

    Args:
        pairs: bands of A and B, one or two modalities; none if the rule misses something.
        similarity: CKA and alignment, if they are there.
        neighbours: of the modalities that are there.
        subspaces: of the modalities that are there.
        retrieval: if it is there.
        waits: whether something is still computed.
    """
    empty = WAITING if waits else _NONE
    return (
        *_ranks(pairs, empty),
        _cka(similarity, empty),
        _kept(neighbours, empty),
        _overlap(subspaces, empty),
        _gap(similarity, empty),
        _recall("Image → text", "text_retrieval_recall@1", retrieval, HELP["image_to_text"], empty),
        _recall("Text → image", "image_retrieval_recall@1", retrieval, HELP["text_to_image"], empty),
    )


def _ranks(pairs: "list[tuple[Bands, Bands]]", empty: str) -> tuple[Card, ...]:
    found = []
    there = {a.modality: (a, b) for a, b in pairs}
    for modality in ("image", "text"):
        reports = there.get(modality)
        numbers: tuple[Number, ...] = (Number(empty),)
        below = empty
        if reports:
            numbers = tuple(
                Number(f"{r.metrics['effective_rank']:.1f}", side)
                for side, r in zip("AB", reports, strict=True)
            )
            widths = sorted({r.shape[1] for r in reports})
            below = f"of {' and '.join(map(str, widths))} directions"
        help = HELP["effective_rank"]
        found.append(Card(label=f"Effective rank, {modality}", numbers=numbers, below=below, help=help))
    return tuple(found)


def _cka(found: "Similarity | None", empty: str) -> Card:
    numbers: tuple[Number, ...] = (Number(empty),)
    below = empty
    if found is not None:
        there = [m for m in ("image", "text") if f"A {m}" in found.names]
        values = [found.between(m) for m in there]
        numbers = tuple(Number(_two(v), m) for m, (v, _) in zip(there, values, strict=True))
        below = f"chance {' and '.join(f'{c:.3f}' if math.isfinite(c) else _NONE for _, c in values)}"
    return Card(label="Linear CKA, A with B", numbers=numbers, below=below, help=HELP["cka"])


def _kept(found: "list[Neighbours]", empty: str) -> Card:
    numbers = tuple(Number(percent(float(one.overlap.mean())), one.modality) for one in found)
    below = f"chance {' and '.join(percent(one.chance) for one in found)}" if found else empty
    return Card(label="Neighbours kept", numbers=numbers or (Number(empty),), below=below, help=HELP["kept"])


def _overlap(found: "list[Subspaces]", empty: str) -> Card:
    angles = [one.feature or one.sample for one in found]
    numbers = tuple(Number(percent(a.overlap), s.modality) for a, s in zip(angles, found, strict=True))
    below = f"chance {' and '.join(percent(a.chance_overlap) for a in angles)}" if found else empty
    return Card(
        label="Strong subspaces overlap",
        numbers=numbers or (Number(empty),),
        below=below,
        help=HELP["overlap"],
    )


def _gap(found: "Similarity | None", empty: str) -> Card:
    numbers: tuple[Number, ...] = (Number(empty),)
    below = empty
    if found is not None and found.alignment:
        a, b = (side["modality_gap"] for side in found.alignment)
        numbers = (Number(_two(a), "A"), Number(_two(b), "B"))
        below = f"paired cosine {' → '.join(_two(side['paired_cosine']) for side in found.alignment)}"
    return Card(label="Modality gap", numbers=numbers, below=below, help=HELP["gap"])


def _recall(label: str, key: str, found: "ComparedSets | None", help: str, empty: str) -> Card:
    numbers: tuple[Number, ...] = (Number(empty),)
    below = empty
    if found is not None:
        numbers = (Number(recall(found.first[key]), "A"), Number(recall(found.second[key]), "B"))
        change = found.differences[key]
        below = f"B − A {_points(change.estimate)}, 95 % {_points(change.low)} to {_points(change.high)}"
    return Card(label=f"{label}, R@1", numbers=numbers, below=below, help=help)


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "\u2212")


def _two(value: float) -> str:
    return (f"{value:.2f}" if math.isfinite(value) else _NONE).replace("-", "\u2212")

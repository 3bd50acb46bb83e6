"""The eight cards at the top of the overview."""

from typing import TYPE_CHECKING

from sde_core.glossary.formats import recall
from sde_explorer.ui.cards import WAITING, Card, Number
from sde_explorer.ui.terms import HELP

if TYPE_CHECKING:
    from sde_core import EmbeddingSet
    from sde_core.partition import Bands
    from sde_explorer.readings.headline import Headline, Recall

COUNT = 8
_LABELS = {
    "Pairs": "pairs",
    "Image → text": "image_to_text",
    "Text → image": "text_to_image",
    "Effective rank": "effective_rank",
    "Cone": "cone",
    "Modality gap": "modality_gap",
    "Paired cosine": "paired_cosine",
    "Linear CKA": "linear_cka",
}
"""What each card shows, and its help."""


def waiting() -> tuple[Card, ...]:
    """Return the cards before their numbers are there, of the same size."""
    return tuple(
        Card(label=label, numbers=(Number(WAITING),), below=WAITING, help=HELP[key])
        for label, key in _LABELS.items()
    )


def cards(embeddings: "EmbeddingSet", reports: "list[Bands]", headline: "Headline") -> tuple[Card, ...]:
    """Return the cards with their numbers; what a set is too small for says so."""
    first = Card(
        label="Pairs",
        numbers=(Number(f"{embeddings.n_images:,}"),),
        below=f"{embeddings.n_texts:,} captions",
        help=HELP["pairs"],
    )
    rank = Card(
        label="Effective rank",
        numbers=tuple(Number(f"{r.metrics['effective_rank']:.0f}", r.modality) for r in reports),
        below=f"of {embeddings.width} directions",
        help=HELP["effective_rank"],
    )
    _, forward, backward, _, *near = waiting()
    if headline.recall is not None:
        captions = "first captions, " if headline.recall.n_texts < embeddings.n_texts else ""
        forward, backward = (
            _retrieval(label, f"{key}_recall", headline.recall, HELP[way], captions)
            for label, key, way in (
                ("Image → text", "text_retrieval", "image_to_text"),
                ("Text → image", "image_retrieval", "text_to_image"),
            )
        )
    if headline.aligned is not None:
        near = list(_alignment(headline.aligned.values))
    return first, forward, backward, rank, *near


def sample_sentence(embeddings: "EmbeddingSet", headline: "Headline") -> str:
    """Return of which seeded samples the cards are; "" where they are of everything."""
    parts = []
    if headline.recall is not None and headline.recall.n_asked:
        parts.append(f"{headline.recall.n_asked:,} seeded queries each way among all, 95 % interval")
    if headline.aligned is not None and headline.aligned.n_pairs:
        parts.append(f"gap, cones and CKA of {headline.aligned.n_pairs:,} of {embeddings.n_images:,} pairs")
    said = "; ".join(parts)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _retrieval(label: str, name: str, found: "Recall", help: str, captions: str) -> Card:
    at_1, at_10 = f"{name}@1", f"{name}@10"
    around = found.intervals.get(at_1)
    within = f"R@1 in [{100 * around.low:.1f}, {100 * around.high:.1f}], " if around is not None else ""
    return Card(
        label=label,
        numbers=(
            Number(recall(found.metrics[at_1]), "R@1"),
            Number(recall(found.metrics[at_10]), "R@10"),
        ),
        below=f"{captions}{within}chance {recall(found.chance[at_1])} and {recall(found.chance[at_10])}",
        help=help,
    )


def _alignment(near: dict[str, float]) -> tuple[Card, ...]:
    if not near:
        few = (Number("–"),)
        return tuple(
            Card(label=label, numbers=few, below="needs at least two pairs", help=HELP[key])
            for label, key in list(_LABELS.items())[4:]
        )
    cone = (Number(f"{near['cone_image']:.2f}", "image"), Number(f"{near['cone_text']:.2f}", "text"))
    return (
        Card(label="Cone", numbers=cone, below="1 would be one point", help=HELP["cone"]),
        Card(
            label="Modality gap",
            numbers=(Number(f"{near['modality_gap']:.2f}"),),
            below="2 would be opposite poles",
            help=HELP["modality_gap"],
        ),
        Card(
            label="Paired cosine",
            numbers=(Number(f"{near['paired_cosine']:.2f}"),),
            below=f"random pairs {near['random_pair_cosine']:.2f}",
            help=HELP["paired_cosine"],
        ),
        Card(
            label="Linear CKA",
            numbers=(Number(f"{near['linear_cka']:.2f}"),),
            below=f"shuffled pairs {near['linear_cka_shuffled']:.2f}",
            help=HELP["linear_cka"],
        ),
    )

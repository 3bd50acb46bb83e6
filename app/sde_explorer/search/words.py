"""The sentences of the search: what each control means, what is missing, and what came back."""

from typing import TYPE_CHECKING

from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    import sde_core as sde
    from sde_core.encoders import Encoder
    from sde_explorer.search.numbers import Comparison

PICK_HELP = (
    "Those of both sides become the selection at the side: the maps mark them, their spectrum can be set beside that "
    "of all."
)


def pick(count: int) -> str:
    """Return the words of the button that picks the images that were found."""
    return f"Pick {count:,} images" if count > 1 else "Pick the image"


EXAMPLES = {
    "emoji": ("a red heart", "an animal that lives in the sea", "somebody who is tired"),
    "clipart": ("a red car", "a bird on a branch", "something to eat"),
}
"""Queries that show something on the bundled sets."""

NO_ENCODER = (
    "This set does not say which encoder made its vectors, so neither a text nor a picture can be put beside them. "
    "Search with a pair of the set, or encode the pairs on the Data page."
)
UPLOAD_STORY = (
    "Upload a picture: what is nearest to it comes back, before and after. It is read on this machine and kept "
    "only as long as this browser tab; a link does not carry it."
)
LEGEND = (
    "**Above, one query.** Before: rank → rank after. After: rank, and how many places up ▲ or down ▼ it moved. A "
    "frame and ✓ mark a right answer; one that is farther away stands at the end. Beside the rank stands the cosine to "
    "the query; the transform changes all cosines, so scores of the two sides cannot be compared, ranks can."
)
PROMPT = "Type what you look for"
TRY = "Or try"
NO_AFTER = "Words cannot be treated here: the set has no captions to fit that on."


def encoder_warnings(origin: "sde.Provenance", encoder: "Encoder") -> list[str]:
    """Return why vectors of this encoder may not fit those of the set; empty where they do.

    Args:
        origin: of the set.
        encoder: that was loaded by the name that the set gives.
    """
    found = []
    if origin.weights_sha256 and origin.weights_sha256 != encoder.weights_sha256:
        found.append(
            f"The weights of {as_text(origin.encoder)} are others by now ({encoder.weights_sha256[:8]}) than "
            f"those that made this set ({origin.weights_sha256[:8]}): what comes back may mean little. "
            "Encode the pairs again on the Data page."
        )
    if origin.transform:
        found.append(
            "The vectors of this set were changed after the encoder, a typed text or an uploaded picture is not: what "
            "comes back may mean little. Search with a pair of the set, or in the set before its change."
        )
    return found


def width_problem(set_width: int, query_width: int, name: str) -> str:
    """Return that an encoder makes vectors of another width than those of the set."""
    return (
        f"{as_text(name)} makes vectors of {query_width:,} numbers and this set has {set_width:,}: it was made by "
        "another encoder. Search with a pair of the set."
    )


def cut_off(read: int, length: int, context: int) -> str:
    """Return how much of a long text the tokenizer kept."""
    return (
        f"This text is longer than the encoder reads: its tokenizer keeps the first {context:,} tokens, which end at "
        f"character {read:,} of {length:,}. What follows changes nothing."
    )


def comparison_story(found: "Comparison", find: str) -> str:
    """Return where the right answer went, and how much of the first results stayed."""
    return "  \n".join(part for part in (_right_story(found, find), _kept_story(found, find)) if part)


def _right_story(found: "Comparison", find: str) -> str:
    name = f"The right {find.removesuffix('s')}"
    if found.n_right > 1:
        name = f"The best of {found.n_right:,} right {find}"
    before, after = found.right_before, found.right_after
    if before is None and after is None:
        return ""
    if before is None or after is None:
        known, side = (after, "after") if before is None else (before, "before")
        assert known is not None
        return (
            f"**{name}** stands at rank {rank(known)} {side}; on the other side it is not among the first "
            f"{found.depth:,} that this index knows."
        )
    of = f"of {found.n_gallery:,} {find}"
    if before == after:
        return f"**{name}** stays at rank {rank(before)} {of}."
    better = after < before
    return (
        f"**{name}** {'rises' if better else 'falls'} from rank {rank(before)} to rank {rank(after)} {of}: "
        f"the transform {'helps' if better else 'hurts'}."
    )


def _kept_story(found: "Comparison", find: str) -> str:
    shown = len(found.after)
    fresh = [hit for hit in found.after if hit.row not in {h.row for h in found.before}]
    if not fresh:
        same = [h.row for h in found.before] == [h.row for h in found.after]
        order = "in the same order" if same else "in another order"
        return f"Before and after put the same {shown:,} {find} first, {order}."
    from_far = max(fresh, key=lambda hit: hit.other or found.n_gallery + 1)
    came = f"rank {from_far.other:,}" if from_far.other else f"beyond rank {found.depth:,}"
    return f"{found.n_kept:,} of the first {shown:,} {find} stay; a new one comes from {came}."


def rank(value: float) -> str:
    """Return a rank as people read it; half a step comes from equal scores."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def change_mark(here: int, other: int) -> str:
    """Return how an item moved on its way to ``here``, for the right-hand list."""
    if not other:
        return "new"
    if here == other:
        return "="
    return f"▲ {other - here:,}" if here < other else f"▼ {here - other:,}"

"""The sentences beside the charts of the Subspaces view, made from the numbers in them."""

import math
from typing import TYPE_CHECKING

import numpy as np

from sde_core.glossary.formats import percent
from sde_explorer.subspaces.numbers.pair_energy import BY_CHANCE
from sde_explorer.ui.words import as_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sde_core as sde
    from sde_explorer.subspaces.numbers.directions import DirectionTable, Reading
    from sde_explorer.subspaces.numbers.knowledge import KnownColumn
    from sde_explorer.subspaces.numbers.maps import MapRows
    from sde_explorer.subspaces.numbers.pair_energy import PairEnergies
    from sde_explorer.subspaces.numbers.selection import Composition

NO_PICTURES = "The pictures of this set are not on this machine: captions and ids are shown instead."
NO_COLUMNS = (
    "This set has no columns, captions or images, so nothing can be said of what its bands know. Open it with a table "
    "of metadata (class, style, source, size) on the Data page; the directions below can be read without."
)
KNOWLEDGE = (
    "Each row is a column of the set, each bar a direction. Its height is the share of the direction's variance that "
    "lies between the values of the column, less what chance gives; the line is what 95 of 100 shuffles stay below. "
    "The bar at the right adds the same up by energy: **where the column lives**. Move a threshold and both follow; "
    "press a bar to read its direction.\n\nColumns that go together share what they know: choose one to take off, and "
    "the rows show what the others know **beyond it**. A share of variance is not what a probe can read "
    "(docs/method.md, section 8)."
)
NAMES = (
    "The values, words of the captions and numbers that the direction knows best, at the end where they lie; corrected "
    "for the number of tests over all directions and columns. The sign of a direction is arbitrary. What you call it "
    "stands in the link and in the report."
)
JUMP = {
    "correlation": "To the direction along which pictures and their captions agree most.",
    "gap": "To the direction that holds the largest share of the distance between the two means.",
}
COEFFICIENTS_STORY = (
    "Two humps that overlap: the direction means the same for both. A direction of one modality only is "
    "wide for that one and narrow for the other."
)
ENDS_STORY = (
    "Pictures and captions with the largest coefficients, outermost first. The sign of a direction is arbitrary: "
    "what counts is what the two ends are the opposite of."
)
CLICK_STORY = "Click a point to read its direction."
BASES = {
    "image": "directions of the pictures",
    "text": "directions of the captions",
    "joint": "directions of both modalities in one matrix",
    "cross": "pairs of directions, one a modality, that covary most",
}


def chance_level(reading: "Reading") -> float | None:
    """Return the correlation that one in a hundred shuffles exceeds, or None without pairs."""
    null = reading.null
    return float(np.quantile(null, 0.99)) if len(null) and np.isfinite(null).all() else None


def directions_story(table: "DirectionTable") -> str:
    """Return how to read the pictures of a direction, and what all directions say together; Markdown."""
    said = [f"The chart shows the {BASES[table.basis]}."]
    best, gap = table.most("correlation"), table.most("gap")
    if best:
        said.append(
            f"Pairs agree most along direction {best} (correlation {table.correlation[best - 1]:.2f}); above the "
            "dotted line they agree more than 99 of 100 shuffles do."
        )
    if gap:
        said.append(f"Direction {gap} holds {percent(table.gap[gap - 1])} of the modality gap.")
    if math.isfinite(table.gap_outside) and table.gap_outside > 0.0005:
        said.append(f"{percent(table.gap_outside)} of the gap lies outside these directions.")
    return "\n\n".join((f"{CLICK_STORY} {COEFFICIENTS_STORY}", ENDS_STORY, " ".join(said)))


def directions_alt(table: "DirectionTable", number: int) -> str:
    """Return the chart of all directions in words."""
    return (
        "Singular value, correlation of pairs and share of the modality gap by number of the direction; "
        f"direction {number} of {len(table.values)} is marked."
    )


def null_story(reading: "Reading") -> str:
    """Return whether pairs agree beyond shuffled ones."""
    if not math.isfinite(reading.correlation):
        return "No correlation: pictures or captions do not vary along this direction, or there are no pairs."
    beyond = int((reading.null >= reading.correlation).sum())
    found = f"{reading.n_pairs:,} pairs correlate at {reading.correlation:.2f}"
    if beyond == 0:
        return f"{found}, more than any of {len(reading.null)} shuffles."
    if reading.p_value < 0.05:
        return f"{found}; {beyond} of {len(reading.null)} shuffles reach that: some agreement."
    return f"{found}; {beyond} of {len(reading.null)} shuffles reach that: no agreement beyond chance."


def triangle_finding(pairs: "PairEnergies") -> str:
    """Return how many pairs are flagged, in a sentence."""
    count = max(len(pairs.images), 1)
    image, text = (percent(int((pairs.kind == kind).sum()) / count) for kind in (1, 2))
    by_chance = percent(BY_CHANCE)
    return f"{image} of pairs join a signal picture to a noise caption, {text} the reverse; by chance {by_chance}."


def triangle_story(pairs: "PairEnergies", shown: int) -> str:
    """Return how to read the triangles, and which pairs are drawn."""
    count = len(pairs.images)
    said = [
        "Near a corner, all of a vector's energy lies in that band; in the middle it is spread evenly. A pair is "
        "flagged when one side is in the upper quarter of its modality by signal (strong and weak) and the other in "
        "the lower quarter. By chance means: if the two sides were independent."
    ]
    if shown < count:
        said.append(f"{shown:,} of {count:,} pairs are drawn, picked and flagged ones first.")
    return " ".join(said)


_SIDES = {"image": "pictures", "text": "captions", "both": "pictures and captions"}


def map_reading(kind: str, of: str, *, seed: int = 0) -> str:
    """Return what nearness in a map means."""
    if kind != "PCA":
        return (
            f"UMAP by cosine with 15 neighbours and seed {seed}: neighbours stay together; sizes of clusters and "
            "distances between them mean nothing."
        )
    gap = " Where the two modalities lie apart, that is the modality gap." if of == "both" else ""
    return (
        f"The two directions of most variance of the {_SIDES[of]}; distances are true as far as a plane can show "
        f"them.{gap}"
    )


def map_story(of: str, rows: "MapRows") -> str:
    """Return which sample the map shows."""
    drawn = f"A seeded sample of {len(rows):,} of {rows.n_all:,}" if rows.is_sample else f"All {rows.n_all:,}"
    said = [f"{drawn} {_SIDES[of]}."]
    return " ".join(said)


ATLAS = (
    "The same pictures three times, placed by their strong, their weak and their noise directions alone. Hover "
    "over one: it is marked in all three. Draw around some with the lasso, and see whether they stay together in the "
    "others. PCA shows a band's two largest directions; UMAP keeps neighbours by all of them together."
)


ATLAS_POINTS = "Where pictures would cover each other, points. Zoom in for more."


def atlas_story(count: int, total: int) -> str:
    """Return which pictures the atlases show."""
    which = f"A seeded sample of {count:,} of {total:,}" if count < total else f"All {total:,}"
    return f"{which} pictures."


PICK_STORY = (
    "Draw around points with the lasso or the box, or click one: their pictures appear here. A double click lets go. "
    "The choice stays when you recolour the map or turn to another one."
)


def pick_story(found: "Composition", count: int, total: int) -> str:
    """Return how the picked pairs differ from all."""
    apart = [
        float(side[2] - whole[2])
        for side, whole in ((found.image, found.image_all), (found.text, found.text_all))
    ]
    words = [
        "about as much noise energy as all"
        if abs(d) < 0.005
        else f"{100 * abs(d):.1f} points {'more' if d > 0 else 'less'}"
        for d in apart
    ]
    return (
        f"**{count:,} of {total:,} pictures.** Noise energy beside the mean of the set: pictures {words[0]}, "
        f"captions {words[1]}."
    )


PAIR_KINDS = {
    "all": "all, widest apart first",
    "image-signal": "picture signal, caption noise",
    "text-signal": "caption signal, picture noise",
    "picked": "picked",
}


def beyond(name: str) -> str:
    """Return what the list of columns that can be taken off says of one."""
    return f"beyond {name}" if name else "nothing taken off"


def knowledge_alt(columns: "Sequence[KnownColumn]") -> str:
    """Return what the picture of what bands know shows, for who does not see it."""
    parts = []
    for column in columns:
        strong, weak, noise = (f"{100 * share:.0f} %" for share in column.shares)
        parts.append(f"{column.name}: {strong} strong, {weak} weak, {noise} noise")
    return f"Where each column lives in the spectrum. {'; '.join(parts)}."


def silent_columns(columns: "Sequence[sde.ColumnKnowledge]") -> str:
    """Return which columns no direction can tell, in one line; names are code, never markup."""
    told = [as_code(column.name) for column in columns[:6]]
    more = f" and {len(columns) - 6:,} more" if len(columns) > 6 else ""
    return f"No direction can tell {', '.join(told)}{more}."


def silence_reasons(columns: "Sequence[sde.ColumnKnowledge]") -> str:
    """Return why columns say nothing, as a list."""
    return "\n".join(f"- {as_code(c.name)}: {c.reason or 'no direction knows it'}." for c in columns[:40])

"""What to see in the Compare view, in sentences made from its numbers."""

import math
from typing import TYPE_CHECKING

from sde_core.glossary.formats import percent
from sde_core.vocabulary import BANDS
from sde_explorer.compare.figures.retrieval import NAMES, WAYS
from sde_explorer.compare.numbers.rows import KINDS
from sde_explorer.compare.numbers.separate import NAMES as SEPARATE
from sde_explorer.ui.figures.palette import word
from sde_explorer.ui.words import as_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sde_core.partition import Bands
    from sde_explorer.compare.cached.both import Common
    from sde_explorer.compare.numbers.measures import ComparedSets, Neighbours, Similarity
    from sde_explorer.compare.numbers.separate import Separate
    from sde_explorer.compare.numbers.subspaces import Subspaces
    from sde_explorer.compare.state import CompareState

SAME = (
    "A and B hold the same vectors: everything below is a check, with no difference, CKA 1, angles 0 and all "
    "neighbours kept."
)
WIDTHS = (
    "Principal angles between directions need one feature space, and A has {} features where B has {}. What can be "
    "compared is beside it: the same directions as coordinates of the rows that both sets have."
)
FEATURE_STORY = (
    "Directions as they lie in feature space. They mean the same in both sets if one was made from the other "
    "(trained on, enhanced); for two encoders that were trained apart the axes have nothing to do with each other, "
    "and angles like those of chance are to be expected."
)
SAMPLE_STORY = (
    "The same directions, each as its coordinates along the rows of both sets: blind to rotation and width, so that "
    "any two encoders can be compared. Chance is the same with the rows of B shuffled."
)
CKA_STORY = (
    "The more colour, the more two spaces say the same about which rows are alike. A image beside B image, and A text "
    "beside B text, is what changed from A to B; image beside text within a set is how much the modalities agree."
)
NO_COLUMNS = (
    "Whether directions keep to one column is asked of two columns at least with few values each (class, style): open "
    "the set with a table of metadata on the Data page."
)
SEPARATE_STORY = (
    "Disentanglement: a direction knows one column only. Completeness: a column lives in one direction. The gap: how "
    "much more the best direction tells of a column than the second. Specificity: a column lives in one band."
)
TABLE_STORY = (
    "Of a band of A, the share that lies in each band of B; the small number is what a random subspace has there. All "
    "of strong in strong: the same directions stand out. Strong of A in noise of B: B has lost what A relied on."
)

NEEDS_IMAGES = "Sets are compared on their pictures: choose another set at the side."
HOW_TO_READ = (
    "**Left**: the share of the energy that each direction holds, the set A solid, B dashed. Energies are shares, so "
    "that sets of other scale, size or width lie on each other; a line that lies higher on the right keeps more of its "
    "energy in its last directions.\n\n**Right**: how many of a row's 10 nearest rows in A are still among its 10 "
    "nearest in B. Bars far to the right of the dotted line: who is near whom survived the change.\n\nWithout a "
    "choice, B is this set after the treatment at the side. Any set that was encoded, opened or trained here can be B, "
    "or the folder of one, typed into the box."
)


def finding(pairs: "list[tuple[Bands, Bands]]", known: "ComparedSets | None") -> str:
    """Return whether B spreads its energy wider and finds more; at most `MOST_LETTERS` letters.

    Args:
        pairs: bands of A and of B, image first.
        known: retrieval in both; None where it is not there, or not yet.
    """
    first, second = (report.metrics["effective_rank"] for report in pairs[0])
    ratio = second / first if first else math.nan
    if not math.isfinite(ratio) or 0.98 < ratio < 1.02:
        said = f"B spreads its energy as wide as A (rank {second:.0f})"
    else:
        said = (
            f"B spreads its energy {'wider' if ratio > 1 else 'less wide'} (rank {first:.0f} → {second:.0f})"
        )
    if known is None:
        return said
    change = known.differences["image_retrieval_recall@1"]
    low, high = _points(change.low), _points(change.high)
    size = _points(abs(change.estimate)).lstrip("+")
    if not change.excludes_zero:
        return f"{said} and finds as much [{low}, {high}]"
    return f"{said} and finds {size} points {'more' if change.estimate > 0 else 'less'} [{low}, {high}]"


def finding_terms(known: "ComparedSets | None") -> str:
    """Return what the terms of the finding mean, and which queries it rests on."""
    rank = "**Rank**: effective rank of the pictures' spectrum, how many directions a set uses."
    if known is None:
        return rank
    sample = sampled(known.n_images, known.total, "pairs")
    return (
        f"{rank}\n\n**Points**: R@1, text → image, of all {known.n_texts:,} primary captions among "
        f"{known.n_images:,} pictures that both sets have, with the 95 % interval of the paired difference.{sample}"
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "\u2212")


def sides(state: "CompareState") -> tuple[str, str]:
    """Return what A and B are, in words."""
    first = f"{state.data}, {state.encoder}"
    if state.other in KINDS:
        moment = f" at t = {state.t:.2f}" if KINDS[state.other] == "enhanced" else ""
        return first, f"{state.other}{moment}"
    return first, f"{state.other}, {state.other_encoder}" if state.other_encoder else state.other


def pairing_story(found: "Common") -> str:
    """Return how many rows both sets have, by what they were paired, and what was left out."""
    if not found.is_paired:
        return found.images.note
    count, captions = found.a.embeddings.n_images, len(found.texts.first)
    said = [f"**{count:,} pictures** are in both, paired by {found.images.by}"]
    if captions:
        by = {"caption": "their words", "row": "row", "picture": "the picture that they belong to"}
        said.append(f"**{captions:,} captions** by {by[found.texts.by]}")
    sentence = " and ".join(said) + "."
    left = [f"{n:,} of {name}" for n, name in zip(found.left_out, "AB", strict=True) if n]
    if left:
        sentence += f" Left out: {' and '.join(left)}, which the other set does not have."
    if not found.same_width:
        a, b = found.sources
        sentence += (
            f" The widths differ ({a.width} and {b.width}), which matters for the "
            "angles in feature space only."
        )
    return f"{sentence} {found.images.note}".strip()


def sampled(n_rows: int, total: int, what: str) -> str:
    """Return that only a sample was compared, or nothing."""
    return f" Seeded sample of {n_rows:,} of {total:,} {what}." if n_rows < total else ""


def cards_sample(found: "Sequence[Neighbours | Similarity | ComparedSets]") -> str:
    """Return of how many rows the cards are that compare rows; "" where they are of all."""
    some = max((one.sample for one in found if one.sample[0] < one.sample[1]), default=None)
    if some is None:
        return ""
    return (
        f"Ranks are of all rows; the rest is of a seeded sample, {some[0]:,} of {some[1]:,}, among which neighbours "
        "and matches are looked for."
    )


def spectra_story(pairs: "list[tuple[Bands, Bands]]") -> str:
    """Return for each modality whether B spreads its energy wider, and what its strong band does."""
    return "  \n".join(_spectrum_sentence(a, b) for a, b in pairs)


def _spectrum_sentence(a: "Bands", b: "Bands") -> str:
    ranks = [r.metrics["effective_rank"] for r in (a, b)]
    ratio = ranks[1] / ranks[0] if ranks[0] else math.nan
    if not math.isfinite(ratio) or 0.98 < ratio < 1.02:
        spread = f"both use about {ranks[0]:.0f} directions"
    else:
        spread = (
            f"B spreads its energy over {'more' if ratio > 1 else 'fewer'} directions "
            f"(effective rank {ranks[0]:.0f} → {ranks[1]:.0f}), so its line falls "
            f"{'more slowly' if ratio > 1 else 'faster'}"
        )
    parts = [
        f"{word(band)} {percent(a.energy_share(band))} → {percent(b.energy_share(band))}" for band in BANDS
    ]
    return f"{word(a.modality, a.modality.capitalize())}: {spread}; energy in {', '.join(parts)}."


def cka_story(found: "Similarity") -> str:
    """Return how alike A and B are, and whether the modalities agree more in one of them."""
    said = []
    for modality in ("image", "text"):
        if f"A {modality}" in found.names:
            value, chance = found.between(modality)
            said.append(
                f"{word(modality, modality.capitalize())}: CKA {_two(value)} (chance {chance:.3f}), {_alike(value)}."
            )
    if len(found.names) == 4:
        i, j = found.names.index("A image"), found.names.index("A text")
        m, n = found.names.index("B image"), found.names.index("B text")
        a, b = found.cka[i, j], found.cka[m, n]
        more = "more" if b > a + 0.005 else "less" if b < a - 0.005 else "as much"
        said.append(f"Pictures and captions agree {more} in B ({_two(a)} → {_two(b)}).")
    return " ".join(said)


def _alike(value: float) -> str:
    if not math.isfinite(value):
        return "a side is one point"
    steps = ((0.98, "the same up to rotation and scale"), (0.8, "much alike"), (0.5, "partly alike"))
    return next((words for least, words in steps if value >= least), "largely different")


def kept_story(found: "list[Neighbours]") -> str:
    """Return how many neighbours are kept on average, and by how many rows all or none."""
    said = []
    for one in found:
        kept = one.overlap * one.k
        none, every = (kept < 0.5).mean(), (kept > one.k - 0.5).mean()
        said.append(
            f"{word(one.modality, one.modality.capitalize())}: {kept.mean():.1f} of {one.k} neighbours stay "
            f"(chance {one.chance * one.k:.2f}); {percent(float(every))} of the rows keep all, "
            f"{percent(float(none))} keep none."
            + sampled(len(kept), one.items.total, "rows, among which neighbours are looked for")
        )
    return "  \n".join(said)


def angles_story(found: "Subspaces", *, feature: bool) -> str:
    """Return which subspaces are compared, and how far apart they lie."""
    angles = found.feature if feature else found.sample
    assert angles is not None
    first, second = found.counts
    what = "strong direction" if found.are_strong else "first direction"
    why = "" if found.are_strong else " (a set has no strong one)"
    middle, luck = angles.degrees.mean(), angles.chance[1].mean()
    return (
        f"{word(found.modality, found.modality.capitalize())}: {_count(first, what)} of A and {second:,} of B{why} "
        f"overlap by {percent(angles.overlap)} (chance {percent(angles.chance_overlap)}); {middle:.0f}° apart on "
        f"average, {luck:.0f}° by chance."
    )


def separate_story(found: "Separate") -> str:
    """Return in how many numbers each set is beyond all its random rotations, and where B is more separate than A."""
    beyond = [sum(one.numbers[name] > float(one.null[name].max()) for name in SEPARATE) for one in found.both]
    more = [
        called
        for name, called in SEPARATE.items()
        if found.both[1].numbers[name] > found.both[0].numbers[name]
    ]
    name = word(found.modality, found.modality.capitalize())
    said = (
        f"{name}: beyond all its rotations A is in {beyond[0]} of {len(SEPARATE)} numbers, B in {beyond[1]}. "
    )
    return said + (f"B has more {', '.join(more)}." if more else "B has more of none.")


def separate_columns(names: "Sequence[str]") -> str:
    """Return which columns were asked; names are code, never markup."""
    return "Asked of " + ", ".join(map(as_code, names)) + ", as A has them."


def retrieval_story(found: "ComparedSets") -> str:
    """Return in which direction B is better or worse beyond the noise of the queries."""
    said = []
    for way, words in WAYS.items():
        change = found.differences[f"{way}_recall@1"]
        points = f"{100 * change.estimate:+.1f}".replace("-", "\u2212")
        verdict = (
            ("B is better" if change.estimate > 0 else "B is worse")
            if change.excludes_zero
            else "no difference beyond the noise of the queries"
        )
        said.append(f"**{words}**: {verdict} ({NAMES['recall@1']} {points} points).")
    said.append(
        f"Gallery: {found.n_images:,} pictures and {found.n_texts:,} primary captions that both sets have."
        + sampled(found.n_images, found.total, "pairs")
        + " The interval covers the choice of queries, not the seed of a training."
    )
    return " ".join(said)


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _two(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "–"

"""The sentences of the guided tour, made from the numbers of the sample."""

import math
from typing import TYPE_CHECKING

from sde_core.glossary.formats import percent
from sde_core.partition import Bands
from sde_core.vocabulary import BANDS
from sde_explorer.retrieval.figures.table import SAME, verdict
from sde_explorer.retrieval.numbers.queries import change_of
from sde_explorer.retrieval.numbers.table import WAYS
from sde_explorer.retrieval.table import signed, value_of
from sde_explorer.search.words import rank
from sde_explorer.tour.numbers import FACTOR
from sde_explorer.ui.figures.palette import word
from sde_explorer.ui.words import as_text, holding

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sde_core.partition import Bands
    from sde_explorer.curriculum.numbers.certificate import CertificateReport
    from sde_explorer.readings.gains import GainReport
    from sde_explorer.subspaces.numbers.directions import DirectionTable
    from sde_explorer.subspaces.numbers.knowledge import KnownColumn
    from sde_explorer.tour.numbers import Example, TourSearches

NO_COLUMNS = (
    "What each band knows is asked of the columns of a set: class, style, source. This one has none that a "
    "direction can tell."
)
NOTHING_FOUND = "No caption of this set is moved far enough by it to be shown."


def spectrum_step(image: "Bands") -> str:
    """Return what a spectrum is."""
    rows, width = image.shape
    total = image.energy.cumsum()
    half = int((total < 0.5 - 1e-12).sum()) + 1
    tail = float(image.energy[len(image.energy) // 2 :].sum())
    return (
        f"An encoder made {width} numbers of each of {rows:,} pictures: a point in a space of {width} directions. The "
        "chart sorts those directions by how far the points spread along them, pictures left, captions right. Spread, "
        f"squared, is called energy. For pictures the first direction holds {percent(float(image.energy[0]))} of it, "
        f"the first {half} hold half, and the last {len(image.energy) - len(image.energy) // 2} together "
        f"{percent(tail)}: the encoder uses far fewer directions than it has."
    )


def bands_step(image: "Bands") -> str:
    """Return what strong, weak and noise mean, and what to move."""
    held = ", ".join(holding(image.count(band), band, image.energy_share(band)) for band in BANDS)
    moved = image.moved(noise=FACTOR, strong=1.0)
    return (
        f"{word('noise', 'Noise')} is what lies below the size that pure chance would reach. "
        f"{word('strong', 'Strong')} directions stand out from all others, {word('weak', 'weak')} ones lie between. "
        f"For pictures {held} of the energy. Now drag **Noise threshold** to {FACTOR:.2f} × rule: "
        f"{moved.count('noise') - image.count('noise')} more picture directions turn grey, and with them "
        f"{percent(moved.energy_share('noise') - image.energy_share('noise'))} of the energy. Every view follows."
    )


def chance_step(image: "Bands", above: int) -> str:
    """Return whether what is called noise is what chance gives.

    Args:
        image: the pictures' spectrum with its bands.
        above: directions that lie above every shuffle.
    """
    signal = image.count("strong") + image.count("weak")
    said = (
        "Shuffle every column of the table of vectors by itself: sizes stay, meaning goes. The thin band in the chart "
        f"is what is left. {above} picture directions rise above every shuffle, and the rule calls {signal} signal. "
    )
    if image.fit_distance is None:
        return said
    if image.edge_is_doubtful:
        return (
            f"{said}Below them, the bars do not follow the curve of pure noise (distance {image.fit_distance:.2f}; 0 "
            "would be a perfect fit): the edge is a useful convention, not a law of nature; weak signal may hide below."
        )
    return (
        f"{said}Below them, the bars follow the curve of pure noise (distance {image.fit_distance:.2f}; 0 would be a "
        "perfect fit), so the edge can be trusted here."
    )


def direction_step(table: "DirectionTable", number: int, level: float | None) -> str:
    """Return what a strong direction holds and how far pictures and captions agree along it."""
    return (
        f"Direction {number} is {word('strong')}: it alone holds {percent(float(table.energy[number - 1]))} of the "
        f"pictures' energy. {_agreement(table, number, level)} Look at the pictures at its two ends: "
        "what they have in common, and what makes the ends opposites, is what the direction means."
    )


def noise_step(table: "DirectionTable", report: "Bands", number: int, level: float | None) -> str:
    """Return what a noise direction holds, and that noise by size need not be noise by meaning."""
    noise = report.labels == BANDS.index("noise")
    said = (
        f"Direction {number} lies in the middle of the {word('noise')} band and holds "
        f"{percent(float(table.energy[number - 1]))} of the energy. Is there a theme at its two ends? "
        f"{_agreement(table, number, level)}"
    )
    if level is None:
        return said
    agree, count = int((table.correlation[noise] > level).sum()), int(noise.sum())
    lesson = (
        "Small does not mean meaningless: pruning throws this away."
        if agree > count / 2
        else "Most of them hold little that both sides share."
    )
    return f"{said} Of all {count} noise directions {agree} agree beyond chance. {lesson}"


def _agreement(table: "DirectionTable", number: int, level: float | None) -> str:
    found = float(table.correlation[number - 1])
    if level is None or not math.isfinite(found):
        return ""
    beyond = "far beyond" if found > 5 * level else "beyond" if found > level else "within"
    return (
        f"Along it pictures and their captions correlate at {found:.2f}, {beyond} chance (up to {level:.2f})."
    )


def knows_step(columns: "list[KnownColumn]", labels: "npt.NDArray[np.int64]") -> str:
    """Return where the columns of the set live, and what that says of the premise."""
    if not columns:
        return NO_COLUMNS
    said = [
        f"**{as_text(column.name)}** ({column.told}): "
        + ", ".join(
            f"{percent(share)} {word(band)}" for band, share in zip(BANDS, column.shares, strict=True)
        )
        for column in columns
    ]
    noise = max(column.shares[2] for column in columns)
    lesson = (
        "So what this rule calls noise holds next to nothing of any of them."
        if noise < 0.1
        else "So what this rule calls noise is not empty here."
    )
    count = int((labels == 0).sum())
    return (
        "The method stands on a premise: strong directions hold the meaning, weak ones detail, noise nothing. Labels "
        f"that no encoder saw can test it. A bar is how much of a direction's spread lies between a column's values; "
        f"added up, {count} strong and all other directions hold: {'; '.join(said)}. {lesson} Drag a threshold on the "
        "picture: colours and shares follow."
    )


def curriculum_step(gains: "list[GainReport]", certificates: "list[CertificateReport]") -> str:
    """Return what enhancement does at the start of training, and what bounds it."""
    image = gains[0]
    spans = []
    for band, verb in zip(range(3), ("grow by up to", "shrink to", "shrink to"), strict=True):
        now = image.now[image.labels == band]
        if len(now):
            most = float(now.max() if band == 0 else now.min())
            spans.append(f"{word(BANDS[band])} directions {verb} × {most:.2f}")
    line = next(line for line in certificates[0].lines if line.name == "relative_change")
    return (
        f"Enhancement multiplies each direction by a gain. At t = {image.t:.2f}, the start of training, "
        f"{', '.join(spans)} (pictures). No gain may leave 1 by more than {image.amount:.2f}, so the vectors cannot "
        f"change by more than {percent(line.bound)}; measured are {percent(line.measured)}. Drag **t** to the right: "
        "the push fades and all gains return to 1."
    )


def search_step(found: "Example | None", searches: "TourSearches", *, helps: bool) -> str:
    """Return what a treatment does to one search, and to all of them.

    Args:
        found: the search that is shown.
        searches: all that was measured.
        helps: whether it is the step on enhancement, or that on pruning.
    """
    raw, enhanced, pruned = searches.rows
    row, name = (enhanced, "enhancement") if helps else (pruned, "pruning")
    change = change_of(raw, row, WAYS["text → image"])
    counts = (
        f"Of {len(change.before):,} captions on the half of the set that nothing was fitted on, {change.better:,} find "
        f"their picture earlier with {name}, {change.worse:,} later."
    )
    if found is None:
        return f"{NOTHING_FOUND} {counts}"
    does = (
        "makes strong directions louder and the others quieter"
        if helps
        else "sets all noise directions to zero"
    )
    return (
        f"{name.capitalize()} {does}. Searched with the caption “{as_text(found.caption)}”, the right picture "
        f"{'rises' if helps else 'falls'} from rank {rank(found.before)} to rank {rank(found.after)}: compare both "
        f"sides below. One search proves nothing, and this one was picked for its large move. {counts}"
    )


def limits_step(searches: "TourSearches") -> str:
    """Return where the method does not help, from the differences to raw and their intervals."""
    raw, *treated = searches.rows
    lines = []
    kinds = []
    for row, name in zip(treated, ("enhanced", "pruned"), strict=True):
        parts = []
        for way, prefix in WAYS.items():
            change = row.compared.differences[f"{prefix}_recall@1"]
            kinds.append(verdict(change, "R@1"))
            parts.append(
                f"{signed(change.estimate, 'R@1')} points {way} [{signed(change.low, 'R@1')}, "
                f"{signed(change.high, 'R@1')}]"
            )
        lines.append(f"**{name}** {' and '.join(parts)}")
    start = " and ".join(
        f"{value_of(raw.compared.metrics[f'{prefix}_recall@1'], 'R@1')}\u00a0% ({way})"
        for way, prefix in WAYS.items()
    )
    return (
        f"Over all searches, the right answer comes first in {start} with raw vectors. Change, with its 95 % interval: "
        f"{'; '.join(lines)}. {_lesson(kinds)} The chart and the table below set both beside other methods."
    )


def _lesson(kinds: list[str]) -> str:
    if all(kind == "worse" for kind in kinds):
        return (
            "**So on this set neither helps a finished encoder.** The method was made for training, where it acts on "
            "the loss; whether that helps your data is for the Training view to show."
        )
    if all(kind == "better" for kind in kinds):
        return "**So on this set both help.** Another set may say otherwise: measure yours."
    if all(kind == SAME for kind in kinds):
        return "**So on this set neither can be told apart from doing nothing.**"
    return "**So it depends on what is searched, and how:** an interval that holds 0 proves nothing."

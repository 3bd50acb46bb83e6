"""The sentences beside the charts, made from the numbers in them; colours as in the charts."""

import re
from typing import TYPE_CHECKING, Literal

from sde_core.glossary.formats import percent
from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures.palette import word

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.readings.headline import Recall


def holding(count: int, band: str, share: float) -> str:
    """Return how many directions of a band hold which share of the energy.

    >>> plain(holding(1, "strong", 0.5)).replace("\u00a0", " ")
    '1 strong direction holds 50 %'
    """
    named = word(band, f"{count:,}\u00a0{band}")
    return f"{named} {'direction holds' if count == 1 else 'directions hold'} {percent(share)}"


_MARKS = re.compile(r"[\\`*{}\[\]<>|~$!&#^]|(?<!\w)_|_(?!\w)|:(?=\S)")
_LINKS = re.compile(r"(?i)(?<=http)(?=s?\\:)|(?<=\bwww)(?=\.)|(?=@)")
_FIRST = re.compile(r"^([-+=]|\d+(?=[.)]))")
_NOTHING = "\u2060"
"""A joiner of no width: what looks like an address is not made a link."""


def as_text(words: str) -> str:
    r"""Return words from outside (a caption, a file's name, a link, an error) so that Markdown leaves them as they are.

    >>> print(as_text("a *red* heart"))
    a \*red\* heart
    >>> print(as_text("![x](p.png)"))
    \!\[x\](p.png)
    """
    plain = _MARKS.sub(lambda mark: f"\\{mark[0]}", " ".join(words.split()))
    return _FIRST.sub(lambda first: f"{_NOTHING}{first[0]}", _LINKS.sub(_NOTHING, plain))


def as_code(words: str) -> str:
    r"""Return words from outside as code: one line, whatever they hold, that no Markdown leads out of.

    >>> as_code("a`![x](p.png)"), as_code("a\n\nb")
    ("`a'![x](p.png)`", '`a b`')
    """
    return f"`{' '.join(words.split()).replace('`', chr(39)) or ' '}`"


def learned_from(count: int, *, seen_by: str) -> str:
    """Return how many images are of the split for training, and what that means for the numbers.

    Args:
        count: images of it; 0 where a split of another name was trained on.
        seen_by: encoder that is known to have learned from the set; "" where nothing tells.
    """
    if not count:
        return f"Some of these images {seen_by} has seen."
    means = f", which {seen_by} has seen" if seen_by else ": held out only if the encoder did not see them"
    return f"{count:,} of these images are of the split `train`{means}."


def kept_apart(part: str, shown: int, of: int) -> str:
    """Return that what is shown is what nothing was trained on.

    Args:
        part: "split=value" that is open.
        shown: images of it.
        of: images of the whole set.
    """
    return f"These {shown:,} of {of:,} images are the split `{value_in(part)}`: the encoder never learned from them."


def value_in(part: str) -> str:
    """Return the value of a filter "column=value"."""
    return part.partition("=")[2]


def spectrum_story(reports: "list[Bands]") -> str:
    """Return what the spectrum chart shows, one sentence a modality, and whether thresholds were moved."""
    parts = []
    for r in reports:
        strong, weak, noise = (holding(r.count(band), band, r.energy_share(band)) for band in BANDS)
        parts.append(
            f"{word(r.modality, r.modality.capitalize())}: {strong} of the energy, {weak}, and {noise}."
        )
    return "  \n".join((" ".join(parts), *moved_notes(reports)))


def moved_notes(reports: "list[Bands]") -> list[str]:
    """Return what is to be said of thresholds that were moved, if anything."""
    notes = list(dict.fromkeys(r.moved_note for r in reports if r.moved_note))
    raised = [r.modality for r in reports if r.strong_was_raised]
    if raised:
        notes.append(
            f"The strong threshold lay below the noise threshold ({' and '.join(raised)}) and was raised to it."
        )
    return notes


def plain(markdown: str) -> str:
    """Return a sentence of this module without its colours, for alternative texts.

    >>> plain(":green[**5 strong**] directions")
    '5 strong directions'
    """
    for colour in ("green", "orange", "gray", "blue", "violet"):
        markdown = markdown.replace(f":{colour}[**", "")
    return markdown.replace("**]", "").replace("**", "")


def spectrum_alt(reports: "list[Bands]") -> str:
    """Return the spectrum chart in words, for those who do not see it."""
    return "Singular values by rank, with bands. " + plain(spectrum_story(reports))


def fit_story(reports: "list[Bands]") -> tuple[Literal["warning", "note"], str]:
    """Return what the rule assumed for each modality and whether that holds; a warning where it does not."""
    kind: Literal["warning", "note"] = "warning" if any(r.edge_is_doubtful for r in reports) else "note"
    notes: dict[str, list[str]] = {}
    for r in reports:
        notes.setdefault(r.note, []).append(r.modality)
    return kind, "  \n".join(
        f"**{' and '.join(names).capitalize()}.** {note}" for note, names in notes.items()
    )


BULK_STORY = (
    "Bars count the directions of each size; the line is what a matrix of pure noise with as many noise directions "
    "would give. Bars that follow the line up to 1 are noise as the law knows it; bars that spread wider are "
    "directions of unequal noise, or weak signal. The dotted steps count the directions of the shuffled set, all of "
    "them: bars to their right are more than columns of these sizes reach by chance."
)
BULK_CROSS_STORY = (
    "Bars count the values of each size, 1 being the noise threshold; the line is what shuffled pairs give. Bars to "
    "the right of the line are covariance that only the true pairs have."
)


def energy_story(reports: "list[Bands]", *, ends: bool = True) -> str:
    """Return how many directions hold half and nine tenths of the energy.

    Args:
        reports: one sentence each.
        ends: whether to say what the dots of the figure mean.
    """
    sentences = []
    for r in reports:
        total = r.energy.cumsum()
        half, most = (int((total < share - 1e-12).sum()) + 1 for share in (0.5, 0.9))
        sentences.append(
            f"{r.modality.capitalize()}: {half} directions hold half of the energy, {most} hold 90 %."
        )
    if ends and any(r.cuts_by_size for r in reports):
        sentences.append("Dots mark the end of the strong and of the weak band.")
    return " ".join(sentences)


def threshold_sentence(reports: "list[Bands]") -> str:
    """Return the rule's own thresholds where they were moved, or that the rule has none."""
    sentences = []
    for r in reports:
        if not r.cuts_by_size:
            sentences.append(
                f"{r.modality.capitalize()}: this rule labels each direction; it has no thresholds."
            )
        elif (r.tau_noise, r.tau_strong) != (r.own_tau_noise, r.own_tau_strong):
            sentences.append(
                f"{r.modality.capitalize()}: the rule's own thresholds are {r.own_tau_noise:.4g} (noise) and "
                f"{r.own_tau_strong:.4g} (strong)."
            )
    return " ".join(sentences)


OVERVIEW_FINDING = (
    "Share of searches whose first answer is right, over all pairs that are shown: R@1 with the primary captions as "
    "gallery. Chance is what a random order would reach."
)


def overview_finding(found: "Recall") -> str:
    """Return the title of the Overview: how well both modalities find each other."""
    image, text = (found.metrics.get(f"{side}_retrieval_recall@1") for side in ("image", "text"))
    if image is None or text is None or image != image or text != text:
        return "What is in this set"
    chance = found.chance.get("image_retrieval_recall@1", 0.0)
    return (
        f"{100 * image:.0f} of 100 captions find their image at once, {100 * text:.0f} of 100 images their caption; "
        f"chance {100 * chance:.2g}"
    )

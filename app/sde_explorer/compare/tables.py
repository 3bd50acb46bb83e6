"""The tables of the Compare view: bands, metrics, overlaps by band, retrieval."""

import html
import math
from typing import TYPE_CHECKING

from sde_core.glossary import TERMS
from sde_core.glossary.formats import number, percent
from sde_core.vocabulary import BANDS
from sde_explorer.compare.decided_words import FIGURES
from sde_explorer.compare.figures.retrieval import NAMES, WAYS
from sde_explorer.compare.numbers.separate import NAMES as SEPARATE
from sde_explorer.ui.bands_table import STYLE, dot
from sde_explorer.ui.figures import palette
from sde_explorer.ui.metric_cards import short
from sde_explorer.ui.table_heads import head
from sde_explorer.ui.terms import METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sde_core import Parity
    from sde_core.partition import Bands
    from sde_explorer.compare.numbers.decided import Calibrated
    from sde_explorer.compare.numbers.measures import ComparedSets, Similarity
    from sde_explorer.compare.numbers.separate import Separate
    from sde_explorer.compare.numbers.subspaces import Subspaces

_SPECTRAL = ("effective_rank", "stable_rank", "participation_ratio", "isoscore", "alpha_req")
_PAIRED = {
    "modality_gap": "Modality gap",
    "paired_cosine": "Paired cosine",
    "random_pair_cosine": "of random pairs",
    "cone_image": "Cone, image",
    "cone_text": "Cone, text",
    "uniformity_image": "Uniformity, image",
    "uniformity_text": "Uniformity, text",
}
_ROWS = ("recall@1", "recall@5", "recall@10", "median_rank", "mrr")


def compared_bands(pairs: "list[tuple[Bands, Bands]]") -> str:
    """Return directions and energy of each band in A and in B, as HTML of our own."""
    heads = "".join(
        head("directions", f"{dot(palette.KIND[a.modality])}{a.modality} directions") + head("energy")
        for a, _ in pairs
    )
    rows = ""
    for band in BANDS:
        cells = ""
        for a, b in pairs:
            shares = [r.count(band) / max(len(r.values), 1) for r in (a, b)]
            energies = [r.energy_share(band) for r in (a, b)]
            cells += (
                f"<td>{a.count(band):,} → {b.count(band):,}<br><small>{_percents(shares)}</small></td>"
                f"<td>{_percents(energies)}</td>"
            )
        rows += f'<tr><th scope="row">{dot(palette.BAND[band])}{band}</th>{cells}</tr>'
    return _table(head("band", "band, A → B"), heads, rows)


def compared_metrics(pairs: "list[tuple[Bands, Bands]]") -> str:
    """Return the metrics of both spectra, as HTML of our own."""
    heads = "".join(head("A → B", f"{dot(palette.KIND[a.modality])}{a.modality}") for a, _ in pairs)
    rows = "".join(
        f'<tr><th scope="row">{METRICS[key]}</th>'
        + "".join(f"<td>{short(a.metrics[key])} → {short(b.metrics[key])}</td>" for a, b in pairs)
        + "</tr>"
        for key in _SPECTRAL
    )
    return _table(head("A → B", "spectrum, A → B"), heads, rows)


def compared_pairs(found: "Similarity") -> str:
    """Return how the modalities sit beside each other in A and in B, as HTML of our own."""
    a, b = found.alignment
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td>{_three(a[key])}</td><td>{_three(b[key])}</td>'
        f"<td>{_three(b[key] - a[key], signed=True)}</td></tr>"
        for key, name in _PAIRED.items()
    )
    heads = "".join(head(name) for name in ("A", "B", "B − A"))
    return _table(head("number", "pairs"), heads, rows)


def overlap_table(found: "Subspaces") -> str:
    """Return how much of each band of A lies in each band of B, as HTML of our own."""
    heads = "".join(head("overlap", f"{dot(palette.BAND[band])}{band} of B") for band in BANDS)
    rows = ""
    for band, shares in zip(BANDS, found.bands, strict=True):
        cells = "".join(
            f"<td>{percent(_known(share))}<small>{percent(float(chance))}</small></td>"
            if math.isfinite(share)
            else "<td>–</td>"
            for share, chance in zip(shares, found.bands_chance, strict=True)
        )
        rows += f'<tr><th scope="row">{dot(palette.BAND[band])}{band} of A</th>{cells}</tr>'
    name = f"{dot(palette.MODALITY[found.modality])}{found.modality}"
    return _table(head("band", name), heads, rows)


def retrieval_table(found: "ComparedSets") -> str:
    """Return retrieval of A and B, and the paired difference with its interval, as HTML of our own."""
    rows = ""
    for way, words in WAYS.items():
        for name in _ROWS:
            key = f"{way}_{name}"
            change = found.differences[key]
            unit = "%" if name.startswith("recall") else "" if name == "mrr" else "rank"
            interval = f"{_change(change.low, unit)} to {_change(change.high, unit)}"
            middle = _change(change.estimate, unit)
            middle = f"<b>{middle}</b>" if change.excludes_zero else middle
            luck = f"{100 * found.chance[key]:.1f}\u00a0%" if key in found.chance else "–"
            rows += (
                f'<tr><th scope="row">{words} {NAMES[name]}</th>'
                f"<td>{_reached(found.first[key], unit)}</td><td>{_reached(found.second[key], unit)}</td>"
                f"<td>{middle}<small>{interval}</small></td><td>{luck}</td></tr>"
            )
    heads = "".join(head(name) for name in ("A", "B", "B − A, 95 %", "chance"))
    return _table(head("measure"), heads, rows)


def separate_table(found: "Separate") -> str:
    """Return the numbers of A and of B, each beside the range of its random rotations, as HTML of our own."""
    rows = ""
    for name, words in SEPARATE.items():
        cells = ""
        for one in found.both:
            null = one.null[name]
            cells += (
                f"<td>{_three(one.numbers[name])}</td>"
                f"<td>{_three(float(null.mean()))}<small>{_three(float(null.min()))} to {_three(float(null.max()))}"
                "</small></td>"
            )
        rows += f'<tr><th scope="row">{words}</th>{cells}</tr>'
    dotted = f"{dot(palette.KIND[found.modality])}{found.modality} directions"
    heads = head("A") + head("A, rotated") + head("B") + head("B, rotated")
    return _table(head("separate", dotted), heads, rows)


def parity_table(found: "Parity") -> str:
    """Return the numbers that a verdict rests on, as HTML of our own."""
    rows = "".join(
        f'<tr><th scope="row">{words}</th><td>{number(found.figures[name])}</td></tr>'
        for name, words in FIGURES.items()
        if name in found.figures
    )
    return _table(head("difference", "A and B"), head("size"), rows)


def calibrated_table(found: "Sequence[Calibrated]") -> str:
    """Return every similarity with what shuffled rows give, its score and p-value, as HTML of our own.

    Args:
        found: one or two modalities.
    """
    rows = ""
    for several in zip(*(one.found for one in found), strict=True):
        cells = "".join(
            f"<td>{_three(one.value)}</td><td>{_three(one.null_mean)}</td><td>{_three(one.score)}</td>"
            f"<td>{one.p_value:.2f}</td>"
            for one in several
        )
        term = TERMS[several[0].measure.replace("-", "_")]
        rows += f'<tr><th scope="row" title="{html.escape(term.sentence)}">{term.name}</th>{cells}</tr>'
    heads = "".join(
        head("value", f"{dot(palette.KIND[one.modality])}{one.modality}")
        + "".join(map(head, ("by chance", "score", "p")))
        for one in found
    )
    return _table(head("similarity"), heads, rows)


def _table(first: str, heads: str, rows: str) -> str:
    return (
        f'{STYLE}<div style="overflow-x:auto"><table class="sde-bands"><thead><tr>{first}'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _percents(shares: list[float]) -> str:
    return f"{100 * shares[0]:.1f}\u00a0→\u00a0{100 * shares[1]:.1f}\u00a0%"


def _known(share: float) -> float:
    """Return a share without the rounding of an angle of 90 degrees."""
    return float(share) if share > 1e-6 else 0.0


def _three(value: float, *, signed: bool = False) -> str:
    if not math.isfinite(value):
        return "–"
    return (f"{value:+z.3f}" if signed else f"{value:z.3f}").replace("-", "\u2212")


def _reached(value: float, unit: str) -> str:
    return f"{100 * value:.1f}\u00a0%" if unit == "%" else f"{value:.3f}" if not unit else f"{value:,.1f}"


def _change(value: float, unit: str) -> str:
    shown = f"{100 * value:+.1f}" if unit == "%" else f"{value:+.3f}" if not unit else f"{value:+,.1f}"
    return shown.replace("-", "\u2212")

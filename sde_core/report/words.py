"""Numbers and sentences of a report."""

from collections.abc import Mapping, Sequence
from typing import Any

from sde_core.glossary.formats import percent, signed
from sde_core.vocabulary import BANDS, DIRECTIONS

Content = Mapping[str, Any]


def bands_sentence(modality: str, facts: Content) -> list[tuple[str, str]]:
    """Return which band holds what, as pieces of text with the colour that they are written in."""
    pieces = [(f"{modality.capitalize()}: ", "")]
    for place, band in enumerate(BANDS):
        found = facts["bands"][band]
        noun = "direction holds" if found["directions"] == 1 else "directions hold"
        pieces.append((f"{found['directions']:,} {band}", band))
        share = percent(found["energy_share"])
        end = (" of the energy, ", ", ", ".")[place]
        pieces.append((f" {noun} {share}{end}", ""))
    return pieces


_WAYS = tuple((way, way.label) for way in reversed(DIRECTIONS))


def retrieval_sentences(rows: Sequence[Content]) -> list[str]:
    """Return what the table says of the two SDE rows, and which rows help or hurt beyond the noise of queries."""
    sentences = []
    for row in rows[1:]:
        if row["treatment"].startswith("sde-"):
            found = [_change(row, prefix, way) for prefix, way in _WAYS]
            sentences.append(f"{row['treatment']}: {'; '.join(found)}.")
    verdicts = {row["treatment"]: {_verdict(row, prefix) for prefix, _ in _WAYS} for row in rows[1:]}
    for verdict in ("better", "worse"):
        names = [name for name, found in verdicts.items() if found == {verdict}]
        if names:
            sentences.append(
                f"{verdict.capitalize()} than raw at R@1 both ways beyond the noise of the queries: {', '.join(names)}."
            )
        elif verdict == "better":
            sentences.append(
                "No treatment is better than raw at R@1 both ways beyond the noise of the queries."
            )
    return sentences


def _change(row: Content, prefix: str, way: str) -> str:
    estimate, low, high = (100 * v for v in row["differences"][f"{prefix}_recall@1"])
    verdict = _verdict(row, prefix) or "no change beyond the noise of the queries"
    return f"{way} R@1 {signed(estimate)} points [{signed(low)}, {signed(high)}], {verdict}"


def _verdict(row: Content, prefix: str) -> str:
    """Return "better" or "worse" where the interval of R@1 leaves 0 out, else ""."""
    _, low, high = row["differences"][f"{prefix}_recall@1"]
    return "better" if low > 0 else "worse" if high < 0 else ""


def knowledge_sentence(modality: str, facts: Mapping[str, Any]) -> str:
    """Return where the column that a modality knows best lives."""
    first = facts["columns"][0]
    band = max(first["shares"], key=lambda name: first["shares"][name] or 0.0)
    count = facts["bands"].count(band)
    return (
        f"{count:,} {band} {modality} direction{'s' * (count != 1)} hold{'s' * (count == 1)} "
        f"{100 * first['shares'][band]:.0f} % of what is known of {first['name']}."
    )

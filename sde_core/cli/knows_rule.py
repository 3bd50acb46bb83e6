"""The tables of `sde knows --held-out`: how rule "known" agrees with others, and what it does to a part never heard."""

from typing import TYPE_CHECKING

from sde_core.cli.output import print_table

if TYPE_CHECKING:
    from sde_core.report.known_rule import KnownRuleReport, RuleAgreement
    from sde_core.treatments.comparison import ComparedRetrieval

_RECALLS = {"image → text": "text_retrieval_recall@1", "text → image": "image_retrieval_recall@1"}


def print_known_rule(report: "KnownRuleReport") -> None:
    """Print agreement by rule and side, then recall with differences to raw."""
    heard = ", ".join(report.columns) or "the other modality"
    title = f"rule known, hearing {heard}: " + "; ".join(
        f"{side} {' / '.join(str(n) for n in bands)}" for side, bands in report.bands.items()
    )
    heads = ("rule", "side", "strong / weak / noise", "same band %", "kappa")
    print_table(title, heads, [_agreement(a) for a in report.agreements])
    of_rows = ("held out", *(f"{way} R@1 %" for way in _RECALLS))
    print_table(
        "retrieval on the other part (difference to raw)", of_rows, [_recall(r) for r in report.retrieval]
    )


def _agreement(found: "RuleAgreement") -> tuple[str, ...]:
    if found.reason:
        return (found.rule, str(found.side), "-", "-", "-")
    kappa = "-" if found.kappa != found.kappa else f"{found.kappa:.2f}"
    bands = " / ".join(str(n) for n in found.bands)
    return (found.rule, str(found.side), bands, f"{100 * found.same:.0f}", kappa)


def _recall(row: "ComparedRetrieval") -> tuple[str, ...]:
    cells = []
    for metric in _RECALLS.values():
        cell = f"{100 * row.metrics[metric]:.1f}"
        if metric in row.differences:
            d = row.differences[metric]
            cell += f" ({100 * d.estimate:+.1f} [{100 * d.low:+.1f}, {100 * d.high:+.1f}])"
        cells.append(cell)
    return (row.name, *cells)

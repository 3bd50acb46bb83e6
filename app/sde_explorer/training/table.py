"""The table of band shares before and after training, with the numbers that the paper's authors report."""

from typing import TYPE_CHECKING

from sde_core.vocabulary import BANDS, MODALITIES
from sde_explorer.training.numbers.run import PUBLISHED_SHARES
from sde_explorer.ui.bands_table import STYLE, dot
from sde_explorer.ui.figures import palette
from sde_explorer.ui.table_heads import head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sde_explorer.training.numbers.run import RunLog


def shares_table(runs: "Sequence[RunLog]") -> str:
    """Return the share of directions in each band at the start and now, as HTML of our own.

    The runs' names are ours, so is every other word in the table.
    """
    heads = "".join(
        head("run", f"{dot(palette.MODALITY[m])}{run.name}, {m}") for run in runs for m in MODALITIES
    )
    rows = "".join(_row(runs, band) for band in BANDS)
    return (
        f'{STYLE}<table class="sde-bands"><thead><tr>{head("share of directions")}{heads}'
        f"{head('paper', 'the paper reports [P]')}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(runs: "Sequence[RunLog]", band: str) -> str:
    cells = ""
    for run in runs:
        for modality in MODALITIES:
            before, now = (
                look.of(modality).direction_shares[band] for look in (run.spectra[0], run.spectra[-1])
            )
            cells += f"<td>{_change(before, now)}</td>"
    return (
        f'<tr><th scope="row">{dot(palette.BAND[band])}{band}</th>{cells}'
        f"<td>{_change(*PUBLISHED_SHARES[band])}</td></tr>"
    )


def _change(before: float, now: float) -> str:
    return f"{100 * before:.1f} → {100 * now:.1f}\u00a0%"

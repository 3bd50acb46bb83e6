"""The tables of `sde knows --read-out`: a probe and neighbours by band, beside random rotations and chance."""

from typing import TYPE_CHECKING

from sde_core.cli.output import print_table

if TYPE_CHECKING:
    from torch import Tensor

    from sde_core.knowledge import BandKnowledge, BandReadout, ColumnReadout

_HEADS = ("", "strong %", "weak %", "noise %", "chance %")


def print_readout(readout: "BandReadout", known: "BandKnowledge") -> None:
    """Print both tables, and one sentence for each column of which they and the shares of variance disagree."""
    told = [column for column in readout.columns if not column.reason]
    probe = [(c.name, *_cells(c, c.probe, c.probe_rotated), f"{100 * c.largest:.1f}") for c in told]
    near = [(c.name, *_cells(c, c.neighbours, c.neighbours_rotated), f"{100 * c.chance:.1f}") for c in told]
    apart = f"{readout.n_rows:,} rows, {readout.n_groups:,} groups of twins by {readout.twins}"
    print_table(f"a linear probe reads (random rotations), {apart}", _HEADS, probe)
    print_table("ten nearest that are no twins agree (random rotations)", _HEADS, near)
    for sentence in readout.disagreements(known):
        print(sentence)


def _cells(column: "ColumnReadout", found: "Tensor", rotated: "Tensor") -> list[str]:
    cells = []
    for band, value in enumerate(found.tolist()):
        if value != value:
            cells.append("-")
            continue
        beside = f" ({100 * float(rotated[:, band].mean()):.1f})" if len(rotated) else ""
        cells.append(f"{100 * value:.1f}{beside}")
    return cells

"""Of how many rows of large sets the picture and the cards are, and a button that compares all of them."""

from typing import TYPE_CHECKING

from sde_explorer.compare import words
from sde_explorer.compare.cached.measured import ask_all
from sde_explorer.compare.found import results
from sde_explorer.compare.numbers.measures import ComparedSets, Neighbours
from sde_explorer.ui.exact import exact_line
from sde_explorer.ui.pending import pending

if TYPE_CHECKING:
    from sde_explorer.compare.found import Compared


def rows_asked(found: "Compared") -> None:
    """Say of how many rows the numbers are, with a button that asks all; nothing where they are of all.

    Args:
        found: both sets, their jobs begun.
    """
    near, ranked = results(found.neighbours, Neighbours), results(found.retrieval, ComparedSets)
    sentence = words.cards_sample([*near, *ranked])
    if not sentence:
        return
    more = " All rows are being compared." if any(job.is_active for job in found.finer) else ""
    exact_line(
        sentence + more,
        key="compare_all",
        ask="Compare all rows",
        seconds=found.whole_s(),
        on_ask=ask_all,
        args=(found.common.key,),
    )
    pending([job for job in found.finer if not job.is_active])

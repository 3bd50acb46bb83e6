"""Share: the link, the report, figures, numbers, the transform; and what somebody else sent."""

from functools import partial
from typing import TYPE_CHECKING

import sde_core as sde
from sde_explorer.curriculum.transform_download import transform_download
from sde_explorer.share.figure_choice import share_figures
from sde_explorer.share.link import share_link
from sde_explorer.share.number_files import share_numbers
from sde_explorer.share.opened import open_spec
from sde_explorer.share.report import share_report
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.session import current_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.share.state import ShareState


def show() -> None:
    """Compose the view."""
    view = open_view("Share", otherwise=open_spec)
    data, state = view.data, current_state()
    share_report(view, state)
    view.tabs(
        "share_part",
        {
            "Link": partial(share_link, data, state),
            "Figures": partial(_or_error, share_figures, data, state),
            "Numbers": partial(_or_error, share_numbers, data, state),
            "Transform": partial(_or_error, transform_download, data, state),
            "Open a spec": open_spec,
        },
    )


def _or_error(draw: "Callable[[Dataset, ShareState], None]", data: "Dataset", state: "ShareState") -> None:
    try:
        draw(data, state)
    except sde.SDEError as error:
        error_box(error)

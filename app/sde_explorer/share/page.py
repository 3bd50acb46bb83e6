"""Share: the link, the report, figures, numbers, the transform; and what somebody else sent."""

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


def show() -> None:
    """Compose the view."""
    data = open_view("Share", otherwise=open_spec).data
    state = current_state()
    share_link(data, state)
    share_report(data, state)
    try:
        share_figures(data, state)
        share_numbers(data, state)
        transform_download(data, state)
    except sde.SDEError as error:
        error_box(error)
    open_spec()

"""What sets of images only, or of captions only, share: what stands for the image, and how they are told of."""

from collections.abc import Callable, Sequence

from sde_core.errors import DataError
from sde_core.pairs.columns import CAPTION_COLUMNS, IMAGE_COLUMNS
from sde_core.vocabulary import Modality


def no_picture(uri: str) -> Callable[[], bytes]:
    """Return what stands in the place of `Pair.read_image` in a set of captions only: it refuses."""

    def read_image() -> bytes:
        raise DataError(f"{uri} holds captions only")

    return read_image


def remark_on(modalities: Sequence[Modality], names: Sequence[str], unit: str = "column") -> tuple[str, ...]:
    """Return a sentence on a table that has one modality only, because a column may be called something else.

    Args:
        modalities: of the table.
        names: of its columns.
        unit: what sentences call one.
    """
    if len(modalities) != 1:
        return ()
    has_pictures = Modality.IMAGE in modalities
    what, missing = ("pictures", "captions") if has_pictures else ("captions", "pictures")
    wanted = CAPTION_COLUMNS if has_pictures else IMAGE_COLUMNS
    shown = ", ".join(map(repr, names[:8]))
    return (
        f"No {unit} of {missing} was recognised among {shown}: opened as {what} only. Rename one to {wanted[0]} if it "
        f"holds {missing}.",
    )

"""What the browser gets of three maps: places by band, the pictures in one sheet, whose rows they are."""

import base64
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sde_explorer.subspaces.numbers.maps import Colours
from sde_explorer.subspaces.point_map.sent import packed, point_data
from sde_explorer.ui.figures import palette

if TYPE_CHECKING:
    from sde_explorer.subspaces.numbers.atlas import BandMap, Sheet


def atlas_data(
    maps: "Sequence[BandMap]",
    rows: npt.NDArray[np.int64],
    *,
    sheet: "Sheet | None",
    picked: npt.NDArray[np.bool_] | None,
    told: str,
) -> dict[str, Any]:
    """Return the data of the component; what stayed the same carries the same digest.

    Args:
        maps: where the pictures lie, a band each.
        rows: (p,) rows of the pictures.
        sheet: the pictures, in the order of the rows.
        picked: (p,) pictures that are picked; None picks nobody.
        told: what is drawn, below the maps.
    """
    none = Colours(title="", kinds=("",), kind=np.zeros(len(rows), np.int8))
    points = [point_data(one.flat, none, picked) for one in maps]
    return {
        "panes": [
            {
                "band": one.band,
                "title": f"{one.count:,} direction{'' if one.count == 1 else 's'}",
                "empty": not one.count,
                "places": sent["places"],
                "n": len(rows),
                "alt": f"{len(rows):,} pictures by {one.count:,} {one.band} directions",
            }
            for one, sent in zip(maps, points, strict=True)
        ],
        "colours": [
            {**sent["colours"], "palette": [palette.BAND[one.band]]}
            for one, sent in zip(maps, points, strict=True)
        ],
        "picked": points[0]["picked"],
        "rows": packed(rows.astype("<i4")),
        "sheet": None if sheet is None else _sheet(sheet),
        "told": told,
    }


def _sheet(sheet: "Sheet") -> dict[str, Any]:
    return {
        "of": hashlib.sha256(sheet.content).hexdigest()[:16],
        "base64": base64.b64encode(sheet.content).decode(),
        "columns": sheet.columns,
        "rows": sheet.rows,
    }

"""All numbers of the Compare view as one file."""

import json
import math
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import sde_core as sde
from sde_explorer.ui.file_button import file_button

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.compare.cached.both import Common
    from sde_explorer.compare.state import CompareState
    from sde_explorer.jobs import Job


def compare_download(
    common: "Common", pairs: "list[tuple[Bands, Bands]]", jobs: "list[Job]", state: "CompareState"
) -> None:
    """Show the button; the file is written when it is pressed, with the numbers that are there by then."""
    file_button(
        "All numbers and parameters (JSON)",
        lambda: as_json(common, pairs, jobs, state),
        f"compare-{common.a.fingerprint[:8]}-{common.b.fingerprint[:8]}.json",
    )


def as_json(
    common: "Common", pairs: "list[tuple[Bands, Bands]]", jobs: "list[Job]", state: "CompareState"
) -> str:
    """Return everything that the view shows as JSON; numbers that are not defined are null."""
    sides = dict(zip("AB", common.sources, strict=True))
    content = {
        "version": sde.__version__,
        "parameters": asdict(state),
        "sets": {
            name: {"fingerprint": side.fingerprint, "provenance": side.provenance.as_dict()}
            for name, side in sides.items()
        },
        "pairing": {
            "pictures": common.a.embeddings.n_images if common.is_paired else 0,
            "by": common.images.by,
            "captions": len(common.texts.first),
            "left_out": dict(zip("AB", common.left_out, strict=True)),
        },
        "spectra": [{side: _plain(r) for side, r in zip("AB", two, strict=True)} for two in pairs],
        "measures": {job.title: _plain(job.result) for job in jobs if job.status == "done"},
    }
    return json.dumps(content, indent=1, allow_nan=False)


def _plain(value: Any) -> Any:  # noqa: ANN401  (any JSON)
    """Return a value as JSON takes it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(item) for name, item in asdict(value).items()}
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool) or value is None else str(value)

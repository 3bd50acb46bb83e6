"""Safetensors files of this library: written all or nothing and synced, read with their kind checked."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from sde_core.errors import DataError
from sde_core.files.claims import claimed_file
from sde_core.files.mapped import check_regular, path_to_map


def write_tensors(
    path: str | Path, tensors: Mapping[str, Tensor | None], *, kind: str, header: Mapping[str, str]
) -> None:
    """Write the tensors that are not None as safetensors; a reader sees the old file or the whole new one.

    Args:
        path: of the file.
        tensors: by name, any device.
        kind: what the file is, checked by `read_tensors`.
        header: further text by name.
    """
    from safetensors.torch import save

    kept = {name: t.detach().cpu().contiguous() for name, t in tensors.items() if t is not None}
    content = save(kept, metadata={**header, "kind": kind})
    path = Path(path)
    with claimed_file(path) as file:
        file.write(content)


def read_tensors(
    path: str | Path, *, kind: str | tuple[str, ...], writer: str
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return tensors and header of a file that `write_tensors` wrote, bit for bit.

    Args:
        path: of the file.
        kind: that it must be of, or several.
        writer: who writes such files, for the sentence.

    Raises:
        DataError: the file is missing, is not safetensors, or is of another kind.
    """
    from safetensors import SafetensorError, safe_open

    check_regular(Path(path))
    try:
        with path_to_map(Path(path)) as place, safe_open(place, framework="pt") as file:
            header = dict(file.metadata() or {})
            # Copies lie where torch aligns them, so that what is computed from them has the same last bits.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise DataError(f"path must be a file written by {writer}; cannot read {path}: {error}") from None
    if header.get("kind") not in ((kind,) if isinstance(kind, str) else kind):
        raise DataError(f"path must be a file written by {writer}; got {path}")
    return tensors, header

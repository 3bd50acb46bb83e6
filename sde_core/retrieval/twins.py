"""Items of a gallery that are equal, entry by entry: no encoder output can tell them apart."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

# Entries compared at one time, and hashed: 128 KiB of int64 stay in a core's cache.
_BLOCK_ENTRIES, _HASHED_ENTRIES = 1 << 22, 1 << 14


def twin_classes(rows: Float[Tensor, "g d"]) -> Int[Tensor, " g"]:
    """Return for each row the number of the first row that equals it; its own number where it is the first.

    Args:
        rows: (g, d) float32.
    """
    number = torch.arange(len(rows), device=rows.device)
    _, kind, size = torch.unique(_hashes(rows), return_inverse=True, return_counts=True)
    if len(size) == len(rows):
        return number
    first = torch.full((len(size),), len(rows), device=rows.device).scatter_reduce_(0, kind, number, "amin")
    found = first[kind]
    # Two rows of one hash that differ after all stay apart.
    suspects = (found != number).nonzero()[:, 0]
    for part in torch.split(suspects, max(1, _BLOCK_ENTRIES // rows.shape[1])):
        differ = (rows[part] != rows[found[part]]).any(dim=1)
        found[part[differ]] = part[differ]
    return found


def with_twins(links: Int[Tensor, "l 2"], classes: Int[Tensor, " g"]) -> Int[Tensor, "k 2"]:
    """Return links (query, item) and those to every twin of their items; ordered by query, each once."""
    order = classes.argsort(stable=True)
    size = torch.bincount(classes, minlength=len(classes))
    first = size.cumsum(0) - size
    label = classes[links[:, 1]]
    times = size[label]
    query = links[:, 0].repeat_interleave(times)
    start = (times.cumsum(0) - times).repeat_interleave(times)
    place = torch.arange(len(query), device=links.device) - start
    item = order[first[label].repeat_interleave(times) + place]
    code = torch.unique(query * len(classes) + item)
    return torch.stack([code // len(classes), code % len(classes)], dim=1)


def _hashes(rows: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    factors = torch.randint(-(1 << 62), 1 << 62, (rows.shape[1],), generator=generator).to(rows.device)
    step = max(1, (_HASHED_ENTRIES if rows.is_cpu else _BLOCK_ENTRIES) // rows.shape[1])
    found = torch.empty(len(rows), dtype=torch.int64, device=rows.device)
    wide = found.new_empty(min(step, len(rows)), rows.shape[1])
    for start in range(0, len(rows), step):
        block = rows[start : start + step] + 0.0  # which turns -0 into 0
        products = wide[: len(block)].copy_(block.view(torch.int32)).mul_(factors)  # wrap around, as sums do
        torch.sum(products, dim=1, out=found[start : start + step])
    return found

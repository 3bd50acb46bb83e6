"""What is odd about a look, beside what breaks: said with it, and no alarm (docs/watch.md)."""

import math

from sde_core.training.monitoring.look import Look
from sde_core.training.monitoring.rules import CLAMPED_SCALE
from sde_core.vocabulary import MODALITIES


def remarks_on(look: Look, before: Look | None) -> tuple[str, ...]:
    """Return a sentence for each oddity.

    Args:
        look: a new one.
        before: the one before it, of this process or an earlier one; None at the first.
    """
    found = [] if before is None else [*_widths(look, before), *_clock(look, before)]
    scale = scale_remark(look.logit_scale)
    return tuple(found) if scale is None else (*found, scale)


def scale_remark(scale: float) -> str | None:
    """Return what to say of a logit scale that may be a logarithm or a temperature, or None.

    Under its clamp a logarithm is at most ln 100; a scale that is so small has a temperature above 0.2.
    """
    if not scale <= math.log(CLAMPED_SCALE):
        return None
    return (
        f"the logit scale is {scale:.2f}: if that is the logarithm that a model keeps, hand logit_scale.exp(), and "
        "of a temperature 1 / temperature; otherwise a scale that explodes is not heard"
    )


def _widths(look: Look, before: Look) -> list[str]:
    sides = [(name, before.side(name), look.side(name)) for name in MODALITIES]
    return [
        f"the {name.value} width changed from {len(a.mean):,} to {len(b.mean):,}"
        for name, a, b in sides
        if a is not None and b is not None and len(a.mean) != len(b.mean)
    ]


def _clock(look: Look, before: Look) -> list[str]:
    back = before.time - look.time
    return [f"the clock went back by {back:,.0f} s"] if back >= 1 else []

"""The partition rules to choose from."""

import sde_core as sde


def rule_names() -> tuple[str, ...]:
    """Return the partition rules to choose from; thresholds set by hand are what the sliders are for."""
    return tuple(name for name in sde.rule_names() if name != "manual")

"""What the study in docs/results.md measured of a loss, for where a user chooses one."""

from dataclasses import dataclass

SOURCE = "docs/results.md"

Numbers = tuple[float, float, float]
"""Estimate and the ends of its 95 % interval."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Difference to InfoNCE in points of the mean of R@1, R@5 and R@10, with its 95 % interval.

    Attributes:
        method: name in the study.
        same: heads from scratch, on new pictures of the styles that were trained on.
        other: the same heads, on another set.
        tuned: the bundled encoder's own projections trained on, on new pictures.
        seeds: behind each.
    """

    method: str
    same: Numbers
    other: Numbers
    tuned: Numbers
    seeds: int = 5


EFFECTS: dict[str, Effect] = {
    "SDE": Effect("sde", same=(-1.0, -1.7, -0.3), other=(-0.1, -0.3, 0.1), tuned=(-0.1, -0.3, 0.1)),
    "component contrast": Effect(
        "contrast", same=(0.2, -0.4, 0.9), other=(0.1, -0.1, 0.3), tuned=(-0.2, -0.5, 0.1)
    ),
    "whitened agreement": Effect(
        "whitened-both", same=(0.5, -0.1, 1.0), other=(0.5, 0.3, 0.6), tuned=(-0.1, -0.7, 0.5), seeds=10
    ),
}
"""Short name of a run -> what to expect; a test holds the numbers to the results of the study."""


def expected(run: str) -> str:
    """Return the effect of a loss in a sentence, "" where it was not measured."""
    effect = EFFECTS.get(run)
    if effect is None:
        return ""
    return (
        f"Measured against InfoNCE tuned alike, {effect.seeds} seeds: small heads from scratch {_points(effect.same)} "
        f"on new pictures of the same styles, {_points(effect.other)} on another set; the bundled encoder's "
        f"projections fine-tuned {_points(effect.tuned)} ({SOURCE})."
    )


def _points(numbers: Numbers) -> str:
    estimate, low, high = numbers
    return f"{estimate:+.1f} points ({low:+.1f} to {high:+.1f})".replace("-", "\u2212")

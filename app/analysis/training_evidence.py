"""What the study in docs/results.md measured of a loss, for where a user chooses one."""

from dataclasses import dataclass

SOURCE = "docs/results.md"


@dataclass(frozen=True, slots=True)
class Effect:
    """Difference to InfoNCE in points of the mean of R@1, R@5 and R@10, with its 95 % interval.

    Attributes:
        method: name in the study.
        same: on new pictures of the styles that were trained on.
        other: on another set.
    """

    method: str
    same: tuple[float, float, float]
    other: tuple[float, float, float]


EFFECTS: dict[str, Effect] = {
    "SDE": Effect("sde", same=(-1.0, -1.7, -0.3), other=(-0.1, -0.3, 0.1)),
    "component contrast": Effect("contrast", same=(0.2, -0.4, 0.9), other=(0.1, -0.1, 0.3)),
}
"""Short name of a run -> what to expect; a test holds the numbers to the results of the study."""


def expected(run: str) -> str:
    """Return the effect of a loss in a sentence, "" where it was not measured."""
    effect = EFFECTS.get(run)
    if effect is None:
        return ""
    return (
        f"Measured on small heads, 5 seeds, against InfoNCE tuned alike: {_points(effect.same)} on new pictures of "
        f"the same styles, {_points(effect.other)} on another set ({SOURCE})."
    )


def _points(numbers: tuple[float, float, float]) -> str:
    estimate, low, high = numbers
    return f"{estimate:+.1f} points ({low:+.1f} to {high:+.1f})"

"""How numbers are written for people: on the page, in reports and on the command line alike."""

import math
import re

SPACE = "\u00a0"
"""Between a number and its unit: a space that does not break."""

ABSENT = "–"
"""What stands where a number is not defined."""


def percent(share: float | None) -> str:
    """Return a share in percent with as many digits as one compares by.

    >>> [percent(s).replace(SPACE, " ") for s in (0.503, 0.0996, 0.0123, 0.0001, 0.0, None)]
    ['50 %', '10 %', '1.2 %', '< 0.1 %', '0 %', '–']
    """
    if share is None or not math.isfinite(share):
        return ABSENT
    if 0 < share < 0.0005:
        return f"<{SPACE}0.1{SPACE}%"
    digits = 0 if share >= 0.0995 or share == 0 else 1
    return f"{100 * share:.{digits}f}{SPACE}%"


def recall(share: float | None) -> str:
    """Return a recall in percent, one decimal.

    >>> recall(0.512).replace(SPACE, " "), recall(None)
    ('51.2 %', '–')
    """
    return ABSENT if share is None else f"{points(share)}{SPACE}%"


def points(share: float | None) -> str:
    """Return a recall in percent without its sign, one decimal, for tables whose head names the unit."""
    return ABSENT if share is None else f"{100 * share:.1f}"


def signed(value: float, digits: int = 1) -> str:
    """Return a difference with its sign; the minus is as wide as the plus.

    >>> signed(-1.25), signed(0.5), signed(-0.594, 3), signed(-0.04), signed(math.nan)
    ('−1.2', '+0.5', '−0.594', '+0.0', '–')
    """
    return with_minus(f"{value:+z.{digits}f}") if math.isfinite(value) else ABSENT


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with so many significant digits, never as a power of ten.

    >>> number(0.23456), number(-12.5), number(123456.0), number(None)
    ('0.235', '−12.5', '123,456', '–')
    """
    if value is None or math.isnan(value):
        return ABSENT
    text = f"{value:.{digits}g}"
    return with_minus(f"{value:,.0f}" if "e" in text or abs(value) >= 1000 else text)


def with_minus(text: str) -> str:
    """Return a number, or a sentence with numbers, with a true minus where a hyphen stands for one.

    >>> with_minus("-12.5"), with_minus("cross-modal 96: -0.7 points [-1.4, +0.0]")
    ('−12.5', 'cross-modal 96: −0.7 points [−1.4, +0.0]')
    """
    return re.sub(r"(?<!\w)-(?=\d)", "−", text)

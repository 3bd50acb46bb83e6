"""Figures as inline SVG: scales, axes, lines, points, bars, bands; every text is escaped here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

Kind = Literal["linear", "log"]


def number(value: float) -> str:
    """Return a coordinate with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A map from values to pixels.

    Attributes:
        domain: lowest and highest value; above 0 where ``kind`` is "log".
        pixels: where they lie; the second may be the smaller one.
        kind: "linear" or "log".
    """

    domain: tuple[float, float]
    pixels: tuple[float, float]
    kind: Kind = "linear"

    def __call__(self, value: float) -> float:
        """Return the pixel of a value; beyond the domain it is that of the nearer end."""
        low, high = self.domain
        value = min(max(value, low), high)
        if self.kind == "log":
            low, high, value = math.log(low), math.log(high), math.log(value)
        share = (value - low) / (high - low) if high > low else 0.5
        return self.pixels[0] + share * (self.pixels[1] - self.pixels[0])

    def ticks(self, count: int = 5) -> list[float]:
        """Return round values inside the domain, about ``count`` of them."""
        low, high = self.domain
        if self.kind == "log":
            return _log_ticks(low, high)
        step = _round_step((high - low) / max(count, 1))
        first = math.ceil(low / step - 1e-9)
        return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]


@dataclass(slots=True, kw_only=True)
class Figure:
    """A drawing that grows by its methods and is read with `svg`.

    Attributes:
        width: pixels of the drawing; the page scales it to its column.
        height: pixels.
        x: scale to the right.
        y: scale upwards.
        alt: the figure in words.
        parts: what was drawn so far.
    """

    width: float
    height: float
    x: Scale
    y: Scale
    alt: str
    parts: list[str] = field(default_factory=list)

    def axes(
        self,
        x_title: str,
        y_title: str,
        *,
        x_format: str = ",.6g",
        y_format: str = ".4g",
        y_grid: bool = True,
        y_ticks: bool = True,
    ) -> None:
        """Draw grid, ticks and titles."""
        (left, right), (bottom, top) = self.x.pixels, self.y.pixels
        for value in self.y.ticks() if y_ticks else ():
            at = number(self.y(value))
            if y_grid:
                self.parts.append(
                    f'<line class="grid" x1="{number(left)}" x2="{number(right)}" y1="{at}" y2="{at}"/>'
                )
            self.text(left - 7, self.y(value) + 4, _tick(value, y_format), anchor="end", kind="tick")
        for value in self.x.ticks():
            self.text(self.x(value), bottom + 18, _tick(value, x_format), anchor="middle", kind="tick")
        self.parts.append(
            f'<line class="axis" x1="{number(left)}" x2="{number(right)}" y1="{number(bottom)}" '
            f'y2="{number(bottom)}"/>'
        )
        self.text((left + right) / 2, bottom + 38, x_title, anchor="middle", kind="title")
        if y_title:
            self.text(left - 46, top - 14, y_title, anchor="start", kind="title")

    def text(self, x: float, y: float, words: str, *, anchor: str = "start", kind: str = "label") -> None:
        """Write words at a place in pixels."""
        self.parts.append(
            f'<text class="{kind}" x="{number(x)}" y="{number(y)}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    def band(self, start: float, end: float, colour: str) -> None:
        """Shade from one x value to another over the whole height."""
        left, right = sorted((self.x(start), self.x(end)))
        bottom, top = self.y.pixels
        self.parts.append(
            f'<rect class="shade" x="{number(left)}" y="{number(top)}" width="{number(right - left)}" '
            f'height="{number(bottom - top)}" fill="var(--{colour})"/>'
        )

    def line(self, xs: Sequence[float], ys: Sequence[float], colour: str, *, kind: str = "curve") -> None:
        """Draw a line through values."""
        points = " ".join(
            f"{number(self.x(a))},{number(self.y(b))}"
            for a, b in zip(xs, ys, strict=True)
            if math.isfinite(b)
        )
        self.parts.append(f'<polyline class="{kind}" points="{points}" stroke="var(--{colour})"/>')

    def point(
        self, x: float, y: float, colour: str, tip: str, *, kind: str = "point", radius: float = 2.6
    ) -> None:
        """Draw a point that says ``tip`` when the pointer is near."""
        self.parts.append(
            f'<circle class="{kind}" cx="{number(self.x(x))}" cy="{number(self.y(y))}" r="{number(radius)}" '
            f'style="--c:var(--{colour})" data-tip="{escape(tip)}"/>'
        )

    def mark(self, x: float, y: float, colour: str) -> None:
        """Draw a dot at a place in pixels, for a legend."""
        self.parts.append(
            f'<circle class="mark" cx="{number(x)}" cy="{number(y)}" r="4" style="--c:var(--{colour})"/>'
        )

    def bar(self, x: tuple[float, float], y: tuple[float, float], colour: str, tip: str) -> None:
        """Draw a bar over a range of x and of y."""
        left, right = sorted((self.x(x[0]), self.x(x[1])))
        top, bottom = sorted((self.y(y[0]), self.y(y[1])))
        self.parts.append(
            f'<rect class="bar" x="{number(left)}" y="{number(top)}" width="{number(max(right - left - 0.6, 0.4))}" '
            f'height="{number(bottom - top)}" fill="var(--{colour})" data-tip="{escape(tip)}"/>'
        )

    def across(self, value: float, colour: str, words: str = "") -> None:
        """Draw a dashed line over the whole width at a y value, with words above its right end."""
        at = self.y(value)
        left, right = self.x.pixels
        self.parts.append(
            f'<line class="threshold" x1="{number(left)}" x2="{number(right)}" y1="{number(at)}" '
            f'y2="{number(at)}" stroke="var(--{colour})"/>'
        )
        if words:
            self.text(right - 4, at - 5, words, anchor="end")

    def svg(self) -> str:
        """Return the drawing."""
        body = "".join(self.parts)
        return (
            f'<svg viewBox="0 0 {number(self.width)} {number(self.height)}" role="img" '
            f'aria-label="{escape(self.alt)}">{body}</svg>'
        )


def _tick(value: float, style: str) -> str:
    return format(value, style).replace("-", "−") if value else format(value, style).lstrip("+-")


def _round_step(rough: float) -> float:
    if not rough > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(m for m in (1, 2, 2.5, 5, 10) if rough <= m * power * (1 + 1e-9))


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    whole = [10.0**k for k in powers if low <= 10.0**k <= high]
    if len(whole) >= 3:
        return whole
    return [m * 10.0**k for k in powers for m in (1, 2, 5) if low <= m * 10.0**k <= high]

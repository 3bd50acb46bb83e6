"""What a number is called, what it says, and where it comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sde_core.glossary import formats
from sde_core.glossary.elsewhere import elsewhere


class Format(Enum):
    """How the values of a term are written."""

    NUMBER = "number"
    SHARE = "share"
    RECALL = "recall"
    DEGREES = "degrees"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    r"""One term of the field as the page, reports, the command line and the docs give it.

    Attributes:
        key: its name in results and JSON.
        name: what people read.
        sentence: what it says, without its formula.
        formula: in LaTeX; "" where it has none.
        written: the same formula in plain characters, for tables and terminals.
        equation: its number in docs/method.md.
        source: who defined it, with the year.
        unit: what is counted; "" for a pure number.
        format: how a value is written.
        control: what the number is compared with, or its range in words.
        aliases: other names under which it is known.

    >>> from sde_core.glossary import TERMS
    >>> TERMS["stable_rank"].name, TERMS["stable_rank"].equation, TERMS["stable_rank"].show(12.345)
    ('Stable rank', '6.2', '12.3')
    """

    key: str
    name: str
    sentence: str
    formula: str = ""
    written: str = ""
    equation: str = ""
    source: str = ""
    unit: str = ""
    format: Format = Format.NUMBER
    control: str = ""
    aliases: tuple[str, ...] = ()

    def show(self, value: float | None) -> str:
        """Return a value as people read it."""
        return _WRITERS[self.format](value)

    @property
    def meaning(self) -> str:
        """Sentence, plain formula and source, for tables without mathematics."""
        return " ".join(part for part in (self.sentence, _ended(self.written), _ended(self.source)) if part)

    @property
    def help(self) -> str:
        """Sentence, formula with its home in docs/method.md, source and what others call so, as Markdown."""
        home = f"docs/method.md ({self.equation})" if self.equation else ""
        formula = f"${self.formula}$" if self.formula else ""
        where = ", ".join(part for part in (formula, home) if part)
        other = f"Also {', '.join(self.aliases)}." if self.aliases else ""
        parts = (
            self.sentence, _ended(where[:1].upper() + where[1:]), other, _ended(self.source), elsewhere(self.key)
        )  # fmt: skip
        return " ".join(part for part in parts if part)


def _ended(words: str) -> str:
    return f"{words}." if words and not words.endswith(".") else words


def _degrees(value: float | None) -> str:
    return formats.ABSENT if value is None else f"{value:.1f}°"


_WRITERS: dict[Format, Callable[[float | None], str]] = {
    Format.NUMBER: formats.number,
    Format.SHARE: formats.percent,
    Format.RECALL: formats.recall,
    Format.DEGREES: _degrees,
}

"""Mutants of a file: an operator of cosmic-ray at one place each, in an order drawn by a seed."""

import ast
import random
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ARITHMETIC = "Add|Sub|Mul|Div|Pow"
_OPERATORS = re.compile(
    rf"core/(ReplaceBinaryOperator_({_ARITHMETIC}|FloorDiv|Mod|MatMul)_({_ARITHMETIC}|FloorDiv)"
    r"|ReplaceBinaryOperator_Bit(And|Or)_Bit(And|Or)"
    r"|ReplaceComparisonOperator_(Eq|NotEq|Lt|LtE|Gt|GtE)_(Eq|NotEq|Lt|LtE|Gt|GtE)"
    r"|ReplaceComparisonOperator_(Is_IsNot|IsNot_Is)|ReplaceUnaryOperator_.*(Delete|_UAdd).*"
    r"|AddNot|Replace(TrueWithFalse|FalseWithTrue|AndWithOr|OrWithAnd|BreakWithContinue|ContinueWithBreak)"
    r"|NumberReplacer|ZeroIterationForLoop)"
)
"""Operators of cosmic-ray that are drawn: those that only make a program of other kinds are too easily found."""
_GUARDS = ("@dataclass", "strict=", "__slots__", "if TYPE_CHECKING", "@functools")
"""Places left out: how a class is made, and zip's own guard, are seen by no caller."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file.

    Attributes:
        path: of the module, from the root.
        operator: cosmic-ray's name.
        occurrence: which of the places that it fits, from 0.
        line: where it stands, from 1.
        before: that line as it is, without the space around it.
        after: the same line changed.
        lines: the lines of its statement (of the head, where a statement has a body).
        inside: whether it lies in the body of a function.
    """

    path: str
    operator: str
    occurrence: int
    line: int
    before: str
    after: str
    lines: tuple[int, int]
    inside: bool


def source_of(mutant: Mutant, root: Path) -> str:
    """Return the file's text with the change in it."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    before = (root / mutant.path).read_text("utf-8")
    after = mutate_code(before, get_operator(mutant.operator)(), mutant.occurrence)
    assert after != before, mutant
    return str(after)


def drawn(file: Path, root: Path, seed: int, at_most: int) -> list[Mutant]:
    """Return mutants of a file: one at each place before a second anywhere, in an order that the seed draws.

    Args:
        file: the module.
        root: of the checkout.
        seed: of the order; a longer draw begins with the shorter one.
        at_most: how many.
    """
    name = str(file.relative_to(root))
    found = list(_positions(file))
    random.Random(seed + zlib.crc32(name.encode())).shuffle(found)
    seen: Counter[tuple[int, int]] = Counter()
    rounds = []
    for operator, occurrence, place in found:
        rounds.append((seen[place], operator, occurrence, place))
        seen[place] += 1
    rounds.sort(key=lambda one: one[0])
    text = file.read_text("utf-8")
    statements = Statements(text)
    made: list[Mutant] = []
    for _, operator, occurrence, (line, _) in rounds:
        if len(made) == at_most:
            break
        before = text.splitlines()[line - 1]
        if any(word in before for word in _GUARDS) or statements.is_annotation(line):
            continue
        if (after := _changed(text, operator, occurrence, line)) is not None:
            inside = statements.inside(line)
            lines = statements.around(line)
            made.append(Mutant(name, operator, occurrence, line, before.strip(), after, lines, inside))
    return made


def _positions(file: Path) -> Iterator[tuple[str, int, tuple[int, int]]]:
    from cosmic_ray.ast import ast_nodes, get_ast_from_path
    from cosmic_ray.plugins import get_operator, operator_names

    nodes = list(ast_nodes(get_ast_from_path(file)))
    for operator in sorted(operator_names()):
        if not _OPERATORS.fullmatch(operator):
            continue
        made = get_operator(operator)()
        places = [start for node in nodes for start, _ in made.mutation_positions(node)]
        yield from ((operator, occurrence, place) for occurrence, place in enumerate(places))


def _changed(text: str, operator: str, occurrence: int, line: int) -> str | None:
    """Return the changed line, or None where the change makes no program, or none that differs."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    after = mutate_code(text, get_operator(operator)(), occurrence)
    if after is None:
        return None
    try:
        if _meaning(after) == _meaning(text):
            return None
    except SyntaxError:
        return None
    pairs = zip(text.splitlines(), after.splitlines(), strict=False)
    return next((new.strip() for old, new in pairs if old != new), None)


def _meaning(text: str) -> str:
    """Return what a program does, written down: types in heads of functions are for readers only."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
    return ast.dump(tree)


class Statements:
    """Where the statements of a file begin and end."""

    def __init__(self, text: str) -> None:
        self._heads: list[tuple[int, int, bool, bool]] = []
        self._walk(ast.parse(text), inside=False)

    def _walk(self, node: ast.AST, *, inside: bool) -> None:
        for child in ast.iter_child_nodes(node):
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
                body = getattr(child, "body", None)
                first = getattr(child, "lineno", None) or getattr(child, "pattern").lineno  # noqa: B009
                last = max(body[0].lineno - 1, first) if body else child.end_lineno  # type: ignore[union-attr]
                note = isinstance(child, ast.AnnAssign) and child.value is None and not inside
                self._heads.append((first, last or first, inside, note))
            self._walk(child, inside=inside or function)

    def _smallest(self, line: int) -> tuple[int, int, bool, bool]:
        around = [head for head in self._heads if head[0] <= line <= head[1]]
        return min(around, key=lambda head: head[1] - head[0], default=(line, line, False, False))

    def around(self, line: int) -> tuple[int, int]:
        """Return the first and the last line of the statement (or of its head) that holds a line."""
        return self._smallest(line)[:2]

    def inside(self, line: int) -> bool:
        """Return whether a line lies in the body of a function."""
        return self._smallest(line)[2]

    def is_annotation(self, line: int) -> bool:
        """Return whether a line only says which kind a name has."""
        return self._smallest(line)[3]

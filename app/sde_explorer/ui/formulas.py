"""The formula of a term, as the hover texts show it, and where docs/method.md derives it and names its source."""

from collections.abc import Mapping

Formulas = Mapping[str, tuple[str, str]]
"""Term -> its formula in LaTeX ("" where the words hold it), and its number in docs/method.md."""


def with_formulas(words: Mapping[str, str], formulas: Formulas) -> dict[str, str]:
    """Return help texts, those of terms with their formula and its home.

    Args:
        words: help texts by key.
        formulas: of some of the keys.

    >>> with_formulas({"mrr": "Mean of 1 / rank.", "way": "Which."}, {"mrr": ("", "6.16")})
    {'mrr': 'Mean of 1 / rank. Docs/method.md (6.16).', 'way': 'Which.'}
    >>> with_formulas({"gap": "A distance.", "nnn": "hubs count less"}, {"gap": ("g", "6.8"), "nnn": ("", "7.9")})
    {'gap': 'A distance. $g$, docs/method.md (6.8).', 'nnn': 'hubs count less; docs/method.md (7.9)'}
    """
    unknown = formulas.keys() - words.keys()
    if unknown:
        raise KeyError(f"no such help text: {sorted(unknown)}")
    return {key: _sourced(text, *formulas[key]) if key in formulas else text for key, text in words.items()}


def _sourced(text: str, formula: str, number: str) -> str:
    home = f"${formula}$, docs/method.md ({number})" if formula else f"docs/method.md ({number})"
    if not text.endswith("."):  # half a sentence, which goes on
        return f"{text}; {home}"
    return f"{text} {home[0].upper()}{home[1:]}."

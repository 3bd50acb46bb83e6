"""What a notebook draws of an object."""

from importlib import import_module


def drawn(thing: object) -> str:
    """Return the card of an object as HTML, for ``_repr_html_``: a small figure and a sentence, nothing fetched.

    The rooms below know no page, so the room that draws is found by its name when a notebook asks.
    """
    return str(import_module("sde_core.report.card").card(thing))

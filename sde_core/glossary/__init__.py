"""The field's terms, each once: key, name, sentence, formula with its equation, source, format, control.

The page, reports, the command line and docs/glossary.md read this room; what a control of the page does stands with the
control.
"""

from sde_core.glossary import formats as formats
from sde_core.glossary.between import BETWEEN as BETWEEN
from sde_core.glossary.bounds import BOUNDS as BOUNDS
from sde_core.glossary.measures import PAIRS as PAIRS
from sde_core.glossary.measures import RETRIEVAL as RETRIEVAL
from sde_core.glossary.measures import SPECTRUM as SPECTRUM
from sde_core.glossary.term import Format as Format
from sde_core.glossary.term import Term as Term

TERMS = {term.key: term for terms in (SPECTRUM, PAIRS, BETWEEN, RETRIEVAL, BOUNDS) for term in terms}
"""Every term by its key."""

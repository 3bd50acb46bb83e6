"""The rules by name: those of the library, and those that were registered in this process."""

from importlib import import_module

from sde_core.errors import ConfigError
from sde_core.glossary.term import Term
from sde_core.partition.base import Rule

# Rules that ship with the library: name -> module and function, imported when first used.
_BUNDLED = {
    "mp-iqr": "sde_core.partition.mp_iqr:MpIqrRule",
    "energy": "sde_core.partition.energy:EnergyRule",
    "gavish-donoho": "sde_core.partition.gavish_donoho:GavishDonohoRule",
    "screenot": "sde_core.partition.screenot:ScreeNotRule",
    "parallel": "sde_core.partition.parallel:ParallelRule",
    "bema": "sde_core.partition.bema:BemaRule",
    "cross-modal": "sde_core.partition.cross_modal:CrossModalRule",
    "known": "sde_core.partition.known:KnownRule",
    "manual": "sde_core.partition.manual:manual",
}
_registered: dict[str, Rule] = {}


def rule_names() -> tuple[str, ...]:
    """Return the names that `partition_spectrum` knows, bundled ones first."""
    return (*_BUNDLED, *(name for name in _registered if name not in _BUNDLED))


def rule_term(name: str) -> Term:
    """Return what a rule does, as people read it: its own ``about``, or the first line of its docstring.

    Args:
        name: of `rule_names`.

    Raises:
        ConfigError: unknown rule (the names are listed).

    >>> rule_term("energy").equation
    '2.8'
    """
    rule = named_rule(name)[1]
    about = getattr(rule, "about", None)
    if isinstance(about, Term):
        return about
    said = (getattr(rule, "__doc__", None) or "A rule of this process.").strip().splitlines()[0]
    return Term(key=name, name=name, sentence=said)


def has_thresholds(rule: str | Rule) -> bool:
    """Return whether a rule cuts by two thresholds; one that labels directions one by one says so of itself.

    Raises:
        ConfigError: unknown rule (the names are listed).
    """
    return bool(getattr(named_rule(rule)[1], "has_thresholds", True))


def register_rule(name: str, rule: Rule) -> None:
    """Make ``rule`` known to `partition_spectrum` as ``name`` for this process.

    Raises:
        ConfigError: the name is empty or taken by a bundled rule.
    """
    if not name or name in _BUNDLED:
        raise ConfigError(f"name must be new and not empty; got {name!r}")
    _registered[name] = rule


def named_rule(rule: str | Rule) -> tuple[str, Rule]:
    """Return a rule with its name; a name is looked up, a callable tells its own.

    Raises:
        ConfigError: unknown rule (the names are listed).
    """
    if not isinstance(rule, str) and not callable(rule):
        raise ConfigError(f"rule must be a name or a callable; got {rule!r}")
    if not isinstance(rule, str):
        return str(getattr(rule, "name", getattr(rule, "__name__", type(rule).__name__))), rule
    if rule in _registered:
        return rule, _registered[rule]
    if rule not in _BUNDLED:
        raise ConfigError(f"rule must be one of {', '.join(rule_names())}; got {rule!r}")
    module, _, attribute = _BUNDLED[rule].partition(":")
    found = getattr(import_module(module), attribute)
    return rule, found() if isinstance(found, type) else found

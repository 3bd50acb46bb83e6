"""Options of the method, shared by the commands that split a spectrum or reshape it."""

import argparse
from typing import TYPE_CHECKING

from sde_core.cli.options import add_later, add_settings_of, given_settings
from sde_core.errors import ConfigError
from sde_core.vocabulary import Centring

if TYPE_CHECKING:
    from sde_core.partition import Rule
    from sde_core.treatments.gains import TreatmentConfig


def add_partition_options(parser: argparse.ArgumentParser) -> None:
    """Add --rule, --center, the factors and the thresholds, and --seed."""
    group = parser.add_argument_group("partition")
    group.add_argument("--rule", default="mp-iqr", metavar="NAME", help="default: %(default)s")
    group.add_argument(
        "--center",
        choices=[c.value for c in Centring],
        default="mean",
        help="take the mean off first, or keep the cone",
    )
    group.add_argument(
        "--noise-factor",
        type=float,
        default=1.0,
        metavar="X",
        help="times the rule's noise threshold; default: 1",
    )
    group.add_argument(
        "--strong-factor",
        type=float,
        default=1.0,
        metavar="X",
        help="times the rule's strong threshold; default: 1",
    )
    group.add_argument(
        "--tau-strong", type=float, metavar="X", help="strong above this singular value; replaces the rule"
    )
    group.add_argument(
        "--tau-noise", type=float, metavar="X", help="noise up to this singular value; replaces the rule"
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help="of everything drawn; default: 0")


def add_curriculum_options(parser: argparse.ArgumentParser) -> None:
    """Add --progress and every setting of the enhancement."""
    group = parser.add_argument_group("enhancement")
    group.add_argument(
        "--progress",
        type=float,
        default=0.0,
        metavar="T",
        help="curriculum position t in [0, 1]; 0 is the strongest",
    )
    add_later(parser, lambda _: _add_curriculum(group))


def _add_curriculum(group: "argparse._ArgumentGroup") -> None:
    from sde_core.shaping.curriculum import CurriculumConfig

    add_settings_of(group, CurriculumConfig)


def chosen_rule(options: argparse.Namespace) -> "str | Rule":
    """Return the rule by name, or the two thresholds as a rule.

    Raises:
        ConfigError: only one threshold, or thresholds out of order.
    """
    from sde_core.partition.manual import ManualRule

    given = (options.tau_strong, options.tau_noise)
    if given == (None, None):
        return str(options.rule)
    if None in given:
        raise ConfigError("tau-strong and tau-noise must be given together; got one of them")
    return ManualRule(tau_strong=options.tau_strong, tau_noise=options.tau_noise)


def chosen_treatment(options: argparse.Namespace, kind: str = "enhance") -> "TreatmentConfig":
    """Return what the options ask for; commands without curriculum options take its defaults."""
    from sde_core.shaping.curriculum import CurriculumConfig
    from sde_core.treatments.gains import TreatmentConfig

    return TreatmentConfig(
        kind="prune" if kind == "prune" else "enhance",
        rule=chosen_rule(options),
        center=Centring(options.center),
        noise_factor=options.noise_factor,
        strong_factor=options.strong_factor,
        progress=getattr(options, "progress", 0.0),
        curriculum=CurriculumConfig(**given_settings(options, CurriculumConfig)),
        seed=options.seed,
    )

"""What was tried of a baseline's settings, and what was taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sde_core.checks.brief import brief

Setting: TypeAlias = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingSweep:
    """How well each setting found held-out pairs of the reference, and which one was chosen.

    Attributes:
        settings: from the one that changes least to the one that changes most.
        recalls: mean of R@1, R@5 and R@10, both ways, of each on the held-out pairs.
        chosen: place of the best; the first of equal ones.
        n_fitted: pairs that the settings were fitted on.
        n_asking: held-out pairs.
    """

    settings: tuple[Setting, ...]
    recalls: tuple[float, ...]
    chosen: int
    n_fitted: int
    n_asking: int

    __repr__ = brief

    @property
    def setting(self) -> Setting:
        """The setting that was taken."""
        return self.settings[self.chosen]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "setting": dict(self.setting),
            "settings": [dict(each) for each in self.settings],
            "recalls": list(self.recalls),
            "n_fitted": self.n_fitted,
            "n_asking": self.n_asking,
        }


def setting_words(setting: Setting) -> str:
    """Return a setting in words.

    >>> setting_words({"n_directions": 96.0})
    'n_directions 96'
    """
    return ", ".join(f"{name} {value:g}" for name, value in setting.items())

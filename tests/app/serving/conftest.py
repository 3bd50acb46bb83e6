"""Rules for the length of one test."""

from collections.abc import Callable, Iterator

import pytest

from sde_explorer.serving.policy import Policy, current, install


@pytest.fixture
def rules() -> Iterator[Callable[..., Policy]]:
    """Return what sets the rules of this process; they are as before afterwards."""
    before = current()

    def set_rules(**given: object) -> Policy:
        install(Policy(**given))
        return current()

    yield set_rules
    install(before)

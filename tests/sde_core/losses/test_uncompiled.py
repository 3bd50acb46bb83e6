"""What `torch.compile` leaves as it stands."""

import torch

from sde_core.losses.uncompiled import uncompiled


def test_a_compiled_caller_runs_it_as_it_stands():
    seen = []

    @uncompiled
    def twice(x: torch.Tensor) -> torch.Tensor:
        seen.append((type(x), torch.compiler.is_compiling()))
        return 2 * x

    compiled = torch.compile(lambda x: twice(x + 1) - 1, backend="eager")
    torch.testing.assert_close(compiled(torch.ones(3)), torch.full((3,), 3.0))
    assert seen == [(torch.Tensor, False)]
    assert twice.__name__ == "twice"

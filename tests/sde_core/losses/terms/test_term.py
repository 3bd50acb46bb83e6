"""A term declares itself: one dataclass gives weight, check, keyword, command line, checkpoint and help."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import pytest
import torch
from torch import nn

from sde_core.checks.settings import Help, Positive, Weight, from_plain, settings_of, to_plain
from sde_core.cli.finetune_options import add_settings, chosen_config
from sde_core.errors import ConfigError
from sde_core.losses import (
    TERMS,
    RegularisedLoss,
    SDELoss,
    SDELossConfig,
    Term,
    barlow_twins,
    register_term,
    vicreg,
)
from sde_core.losses.config import keywords
from sde_core.losses.terms.barlow import BarlowTwins, ComponentBarlow
from sde_core.losses.terms.component_contrast import ComponentContrast
from sde_core.losses.terms.hellinger import Hellinger
from sde_core.losses.terms.subspace import Subspace
from sde_core.losses.terms.vicreg import VICReg
from sde_core.training import FinetuneConfig, LossConfig


@pytest.fixture
def toy():
    """A new term: this class and the line that registers it are all there is to write."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Toy(Term):
        name: ClassVar[str] = "toy"
        prefix: ClassVar[str] = "toy"
        weight: Annotated[float, Weight, Help("of the toy term")] = 1.0
        power: Annotated[float, Positive, Help("of the distance")] = 2.0

        def __call__(self, batch):
            return (batch.image - batch.text).norm(dim=1).pow(self.power).mean()

    register_term(Toy)
    yield Toy
    TERMS.remove(Toy)


def features():
    generator = torch.Generator().manual_seed(0)
    x, y = (nn.functional.normalize(torch.randn(6, 4, generator=generator), dim=1) for _ in range(2))
    return x.requires_grad_(), y.requires_grad_()


def test_a_new_term_is_in_the_loss_by_itself_and_by_keyword(toy):
    config = SDELossConfig(terms=[toy(weight=0.5, power=3.0)], spectral_every=1, enhancement=None)
    assert config == SDELossConfig(
        hellinger=0, subspace=0, toy=0.5, toy_power=3.0, spectral_every=1, enhancement=None
    )
    assert (config.toy, config.toy_power) == (0.5, 3.0)
    loss = SDELoss(config)
    x, y = features()
    parts = loss(x, y, torch.tensor(10.0), output_dict=True)
    value = (x - y).norm(dim=1).pow(3).mean()
    torch.testing.assert_close(parts["spectral_loss"], 0.5 * value)
    assert set(loss.terms) == {"toy"}


def test_a_new_term_has_its_limits_its_command_line_and_its_checkpoint(toy):
    import argparse

    with pytest.raises(ConfigError, match="toy_power must be finite and above 0; got -1"):
        SDELossConfig(toy=1, toy_power=-1)
    parser = argparse.ArgumentParser()
    add_settings(parser)
    given = parser.parse_args(["--loss", "sde", "--sde", "toy=2", "toy_power=0.5", "hellinger=0"])
    config = chosen_config(given, None)
    assert config.loss.sde.term(toy) == toy(weight=2, power=0.5)
    assert from_plain(FinetuneConfig, to_plain(config)) == config
    assert keywords()["toy_power"] == "of the distance; must be finite and above 0"


def test_a_name_that_is_taken_is_refused(toy):
    with pytest.raises(ConfigError, match="toy must be a new name"):
        register_term(toy)


def test_the_flat_keywords_are_the_terms():
    flat = SDELossConfig(hellinger_on="energies", subspace=0, component_contrast=2, contrast_band="noise")
    assert flat == SDELossConfig(
        terms=(
            Hellinger(on="energies"),
            ComponentContrast(weight=2, band="noise"),
            ComponentBarlow(weight=0, band="noise"),
        )
    )
    assert SDELossConfig(**flat.flat()) == flat
    assert replace(flat, subspace=1.0, subspace_rank=3).term(Subspace) == Subspace(rank=3)
    # what is off keeps its settings for when it comes back
    off = replace(flat, hellinger=0)
    assert replace(off, hellinger=1).hellinger_on == "energies"


def test_a_term_is_there_once_and_a_setting_that_is_unknown_is_none():
    with pytest.raises(ConfigError, match="terms must hold each term once; got hellinger, hellinger"):
        SDELossConfig(terms=[Hellinger(), Hellinger(weight=2)])
    with pytest.raises(TypeError, match="has no setting helinger"):
        SDELossConfig(helinger=0)
    with pytest.raises(AttributeError, match="helinger"):
        _ = SDELossConfig().helinger


def test_a_checkpoint_written_before_there_were_terms_is_read():
    plain = to_plain(FinetuneConfig(loss=LossConfig(name="sde", sde=SDELossConfig(whitening=3))))
    for name in ("spectral_contrast", "spectral_contrast_shrinkage", "barlow_twins", "vicreg"):
        del plain["loss"]["sde"][name]
    assert from_plain(FinetuneConfig, plain).loss.sde == SDELossConfig(whitening=3)


@pytest.mark.parametrize(("term", "function"), [(BarlowTwins, barlow_twins), (VICReg, vicreg)])
def test_rivals_are_terms_too(term, function):
    x, y = features()
    config = SDELossConfig(terms=[term(weight=0.3)], enhancement=None, weight_end=1.0, spectral_every=1)
    ours = SDELoss(config)(x, y, torch.tensor(10.0))
    torch.testing.assert_close(ours, RegularisedLoss(function, weight=0.3)(x, y, torch.tensor(10.0)))
    by_term = RegularisedLoss(term(), weight=0.3)(x, y, torch.tensor(10.0), output_dict=True)
    torch.testing.assert_close(by_term[f"{term.name}_loss"], 0.3 * function(x, y))


@pytest.mark.parametrize("term", TERMS)
def test_every_setting_says_what_it_is_and_its_limits(term):
    for setting in settings_of(term):
        assert setting.help
        assert setting.limits
        assert term.flat_name(setting.name) in SDELossConfig().flat()

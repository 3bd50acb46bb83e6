"""A setting is declared once: its annotation gives check, option with default and help, docstring and plain form."""

import argparse
import json
import re
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pytest

import sde_core as sde
from sde_core.checks.settings import Help, OneOf, Range, Share, documented, from_plain, settings_of, to_plain
from sde_core.cli.main import build_parser
from sde_core.cli.options import add_settings_of, given_settings


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class More(sde.FinetuneConfig):
    """Settings with one more of each kind; these lines are all there is to write."""

    jitter: Annotated[float, Share, Help("share of each vector that is noise, in %")] = 0.25
    repeats: Annotated[int | None, Range(1, 9), Help("of the whole")] = None
    order: Annotated[Literal["given", "drawn"], Help("of the pairs")] = "drawn"
    method: Annotated[str, OneOf(sde.rule_names), Help("that partitions")] = "energy"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"jitter": 1.0}, r"jitter must lie in \[0, 1\); got 1.0"),
        ({"jitter": float("nan")}, r"jitter must lie in \[0, 1\); got nan"),
        ({"repeats": 10}, r"repeats must lie in \[1, 9\]; got 10"),
        ({"repeats": 2.0}, r"repeats must lie in \[1, 9\]; got 2.0"),
        ({"order": "mine"}, "order must be one of given, drawn; got 'mine'"),
        ({"method": "magic"}, "method must be one of mp-iqr, .*; got 'magic'"),
    ],
)
def test_a_new_setting_is_checked(change, words):
    with pytest.raises(sde.ConfigError, match=words):
        More(**change)


def test_a_new_setting_is_an_option_with_default_and_help():
    parser = argparse.ArgumentParser()
    add_settings_of(parser, More)
    given = parser.parse_args(["--jitter", "0.5", "--order", "given", "--batch-size", "8"])
    assert given_settings(given, More) == {"jitter": 0.5, "order": "given", "batch_size": 8}
    told = " ".join(parser.format_help().split())
    assert "--jitter N share of each vector that is noise, in %; default: 0.25" in told
    assert "--order {given,drawn} of the pairs; default: drawn" in told


def test_a_new_setting_is_documented_and_travels_in_a_checkpoint():
    assert "jitter: share of each vector that is noise, in %; must lie in [0, 1)." in More.__doc__
    mine = More(jitter=0.5, repeats=np.int64(3), loss=sde.LossConfig(name="sde"))
    plain = json.loads(json.dumps(to_plain(mine)))
    assert from_plain(More, plain) == mine
    del plain["jitter"], plain["loss"]["sde"]["enhancement"]["rho"]  # as an earlier version wrote it
    assert from_plain(More, plain) == More(repeats=3, loss=sde.LossConfig(name="sde"))


@pytest.mark.parametrize(
    ("command", "configs"),
    [
        ("finetune", (sde.FinetuneConfig, sde.LossConfig)),
        ("transform", (sde.CurriculumConfig,)),
        ("report", (sde.CurriculumConfig,)),
    ],
)
def test_every_setting_is_on_the_command_line(command, configs, capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args([command, "--help"])
    told = capsys.readouterr().out
    for config in configs:
        for setting in settings_of(config):
            assert setting.help, setting.name
            option = "loss" if (config, setting.name) == (sde.LossConfig, "name") else setting.name
            if setting.kind is not None:
                assert re.search(rf"--{option.replace('_', '-')}\b", told), setting.name
            assert f"{setting.name}: {setting.help}" in config.__doc__

"""The repr of everything public is one line of at most 200 characters: of real objects, and of any contents."""

import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import sde_core as sde
from sde_core import losses, mmeb
from sde_core.checks.brief import LIMIT, brief, shortly
from sde_core.partition import Evidence
from sde_core.report import inspection

LONG = "a very long name / of \n two lines, 'quoted' " * 40


def public_classes():
    """Return the public classes of the library and of its rooms by name."""
    rooms = [import_module(f"sde_core.{m.name}") for m in pkgutil.iter_modules(sde.__path__) if m.ispkg]
    found = {}
    for room in (sde, *rooms, inspection, losses.terms):
        for name in getattr(room, "__all__", ()):
            value = getattr(room, name)
            if inspect.isclass(value) and value.__module__.startswith("sde_core"):
                found[name] = value
    return found | {term.__name__: term for term in losses.TERMS}


CLASSES = public_classes()
RECORDS = sorted(name for name, kind in CLASSES.items() if is_dataclass(kind))
# What other code makes sure of.
SET_FIELDS = {
    "EmbeddingSet": {"blocks": None},
    "Encoder": {"device": torch.device("cpu"), "precision": "fp32"},
    "Disentanglement": {
        "specificity": dict.fromkeys(map(str, range(100)), 0.5),
        "gap": dict.fromkeys(map(str, range(100)), 0.5),
        "null": dict.fromkeys(("disentanglement", "completeness", "specificity", "gap"), torch.ones(7) / 3),
    },
}

# What is no record of fields -> how one is made, at the size at which people have it.
OTHERS = {
    "Dashboard": lambda path: sde.Dashboard(
        "http://127.0.0.1:1/", subprocess.Popen([sys.executable, "-c", ""])
    ),
    "Band": lambda _: sde.Band.NOISE,
    "Centring": lambda _: sde.Centring.MEAN,
    "Direction": lambda _: sde.Direction.IMAGE_RETRIEVAL,
    "Modality": lambda _: sde.Modality.IMAGE,
    "BlockwiseLoss": lambda _: sde.BlockwiseLoss(),
    "DuplicateAwareLoss": lambda _: losses.DuplicateAwareLoss(),
    "FANoiseLoss": lambda _: sde.FANoiseLoss(),
    "RegularisedLoss": lambda _: sde.RegularisedLoss(losses.barlow_twins, weight=0.1),
    "SDELoss": lambda _: sde.SDELoss(sde.SDELossConfig.paper(total_steps=1000)),
    "WholeBatch": lambda _: losses.WholeBatch(nn.Sequential(*[nn.Linear(2, 2)] * 20)),
    "SpectrumAccumulator": lambda _: sde.SpectrumAccumulator(512),
    "CrossSpectrumAccumulator": lambda _: sde.CrossSpectrumAccumulator(512, 256),
    "Evidence": lambda _: Evidence(features=torch.ones(9, 4)),
    "PairSpectraAccumulator": lambda _: sde.PairSpectraAccumulator(512),
    "Comparison": lambda _: sde.Comparison([full(sde.ComparedRetrieval)] * 20),
    "CompressionTable": lambda _: sde.CompressionTable([full(sde.CompressedRetrieval)] * 20),
    "SpectralMonitor": lambda place: sde.SpectralMonitor(place),
    "Pairs": lambda _: sde.open_pairs("clipart/val"),
    "MMEB": lambda place: mmeb.MMEB(place),
    "Term": lambda _: losses.TERMS[0](),
    "SDEError": lambda _: sde.SDEError(LONG),
    "DataError": lambda _: sde.DataError(LONG),
    "EncoderError": lambda _: sde.EncoderError(LONG),
    "ConfigError": lambda _: sde.ConfigError(LONG),
}


def full(kind):
    """Return an instance with more in every field than a line can hold."""
    made = object.__new__(kind)
    for field in fields(kind):
        note = str(field.type)
        if field.name in SET_FIELDS.get(kind.__name__, {}):
            value = SET_FIELDS[kind.__name__][field.name]
        elif "ndarray" in note:
            value = np.full((1000, 7), 1 / 3)
        elif "Tensor" in note or "Float[" in note:
            value = torch.full((1000, 7), 1 / 3)
        elif "apping" in note or "dict" in note:
            value = {f"{LONG}{i}": 1 / 3 for i in range(1000)}
        elif "tuple" in note or "Sequence" in note:
            value = tuple(range(1000))
        elif "float" in note:
            value = 1e10 / 3
        elif "Module" in note:
            value = nn.Sequential(*[nn.Linear(3, 3)] * 50)
        else:
            value = LONG
        object.__setattr__(made, field.name, value)
    return made


def check(line, name):
    assert len(line) <= LIMIT, line
    assert "\n" not in line
    assert " at 0x" not in line
    assert name in line


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_with_anything_in_it_is_a_line(name):
    check(repr(full(CLASSES[name])), CLASSES[name].__name__)  # LinearMap is another name of AffineMap


def test_everything_else_has_a_sample(tmp_path):
    assert set(CLASSES) - set(RECORDS) == set(OTHERS)
    (tmp_path / "task.jsonl").write_text(
        '{"qry_text": "q", "qry_img_path": "", "tgt_text": ["a", "b"], "tgt_img_path": ["", ""]}\n'
    )
    for name, make in OTHERS.items():
        told = repr(make(tmp_path))
        check(told, "" if name in ("Pairs", "Term") else name)


def test_lines_of_real_objects_tell_what_people_ask():
    emoji = sde.open_embeddings("emoji/test")
    spectrum = sde.compute_spectrum(emoji.image)
    assert repr(spectrum).startswith("Spectrum(singular_values=(")
    assert f"n_samples={emoji.n_images}" in repr(spectrum)
    for made in (
        emoji,
        spectrum,
        sde.partition_spectrum(spectrum),
        sde.load_encoder("bundled"),
        sde.retrieval_ranks(emoji.image, emoji.text, emoji.links),
        sde.fit_treatment(emoji.image),
        sde.build_index(emoji.image),
        sde.fit_mean_shift(emoji.image),
        sde.pair_moments(emoji.image[:50], emoji.text[emoji.links[:50, 1]]),
        *list(sde.open_pairs("clipart/val"))[:1],
        *sde.open_pairs("clipart/val").skipped,
        sde.band_knowledge(emoji, ["group"]),
    ):
        check(repr(made), type(made).__name__)


def test_settings_show_what_was_set():
    assert repr(sde.CurriculumConfig()) == "CurriculumConfig()"
    assert repr(sde.CurriculumConfig(start=0.25)) == "CurriculumConfig(start=0.25)"
    assert repr(sde.FinetuneConfig(steps=5)) == "FinetuneConfig(steps=5)"


def test_facts_that_do_not_fit_are_left_out_at_a_comma():
    line = brief(object(), **{f"fact_{i}": i for i in range(100)})
    assert line.startswith("object(fact_0=0, fact_1=1,")
    assert line.endswith(", ...)")
    assert len(line) <= LIMIT


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (np.zeros((3, 4), "f4"), "(3, 4) float32"),
        (torch.tensor(1 / 3), "0.333333"),
        (np.float64(0.1), "0.1"),
        ((), "()"),
        ((1, "a", None), "(1, 'a', None)"),
        ({"a": 1}, "1 entries"),
        (tuple(range(1000)), "1,000 items"),
        (len, "len"),
        (Path, "Path"),
        (sde.Band.NOISE, "'noise'"),
        (Mapping, "Mapping"),
        ([sde.Band.NOISE], "('noise')"),
        (iter([]), None),
    ],
)
def test_one_value(value, told):
    line = brief(object(), it=value)
    assert len(line) <= LIMIT
    assert told is None or line == f"object(it={told})"
    assert not isinstance(value, Sequence) or "\n" not in line


@dataclass(frozen=True)
class Row:
    """A record that has a length and can be walked."""

    a: int = 1

    def __len__(self):
        return 3

    def __iter__(self):
        return iter("abc")

    def __contains__(self, item):
        return item in "abc"


def test_a_record_that_can_be_walked_is_told_by_its_fields():
    assert shortly(Row()) == "Row(a=1)"


def test_sixty_characters_are_told_whole():
    assert shortly("x" * 58) == repr("x" * 58)
    assert len(shortly("x" * 59)) <= 60
    assert shortly("x" * 59).endswith("...'")

"""`sde finetune`: the same training as the library's, on one process and on two."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import sde_core as sde
from sde_core.cli import main
from sde_core.cli.finetune_options import chosen_config
from sde_core.cli.main import build_parser
from sde_core.training import CheckpointSaved
from tests.forking import library, ranks
from tests.sde_core.training.conftest import *  # noqa: F403  (its fixtures)

STEPS = [
    "--steps",
    "6",
    "--batch-size",
    "32",
    "--learning-rate",
    "0.02",
    "--evaluate-every",
    "3",
    "--device",
    "cpu",
]
CONFIG = sde.FinetuneConfig(steps=6, batch_size=32, learning_rate=0.02, evaluate_every=3, device="cpu")


@pytest.fixture(scope="module")
def saved(toy_set, tmp_path_factory):
    return toy_set.save(tmp_path_factory.mktemp("toy") / "set")


def _lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("name", ["paper", "recommended", "recommended-scratch"])
def test_a_preset_is_the_library_s_and_its_fields_can_be_changed(name):
    def chosen(*options):
        words = ["finetune", "--embeddings", "set", "--output", "run", "--preset", name, *options]
        return chosen_config(build_parser().parse_args(words), None).loss

    preset = getattr(sde.SDELossConfig, name.removesuffix("-scratch"))
    if name.endswith("-scratch"):
        preset = partial(preset, from_scratch=True)
    assert chosen() == sde.LossConfig(name="sde", sde=preset())
    assert chosen("--sde", "seed=3") == sde.LossConfig(name="sde", sde=preset(seed=3))
    assert chosen("--loss", "barlow") == sde.LossConfig(name="barlow", sde=preset())


def test_it_trains_what_the_library_trains_and_saves_the_vectors(saved, tmp_path, capsys):
    out = tmp_path / "run"
    options = ["--loss", "sde", "--sde", "component_contrast=1", "subspace=0", "--curriculum", "start=0.3"]
    assert (
        main(["finetune", "--embeddings", str(saved), "--output", str(out), *STEPS, *options, "--json"]) == 0
    )
    events = _lines(capsys.readouterr().out)
    assert [e["event"] for e in events if e["event"] != "Step"][:4] == [
        "Started", "Metrics", "SpectrumSnapshot", "CheckpointSaved",
    ]  # fmt: skip
    assert [e["step"] for e in events if e["event"] == "Step"] == [1, 2, 3, 4, 5, 6]
    curriculum = sde.CurriculumConfig(strong="noise", start=0.3)
    loss = sde.SDELossConfig(component_contrast=1, subspace=0, enhancement=curriculum)
    config = sde.FinetuneConfig(
        steps=6, batch_size=32, learning_rate=0.02, evaluate_every=3, device="cpu",
        loss=sde.LossConfig(name="sde", sde=loss),
    )  # fmt: skip
    *_, done = sde.finetune(sde.EmbeddingSet.load(saved), config)
    vectors = sde.EmbeddingSet.load(events[-1]["vectors"])
    assert np.array_equal(vectors.image, done.result.image)
    assert np.array_equal(vectors.text, done.result.text)


def test_resume_needs_no_settings_and_refuses_others(saved, tmp_path, capsys):
    out = tmp_path / "run"
    start = ["finetune", "--embeddings", str(saved), "--output", str(out)]
    assert main([*start, *STEPS]) == 0
    said = capsys.readouterr()
    assert "152 training and 24 validation pictures" in said.err
    assert "image→text R@1" in said.out
    assert main([*start, "--resume", "--json"]) == 0
    assert _lines(capsys.readouterr().out)[0]["first_step"] == 6
    assert main([*start, "--resume", "--batch-size", "16"]) == 2
    message = capsys.readouterr().err
    assert "resume must have the settings of the checkpoint; batch_size is 32 there and 16 here" in message
    assert main([*start[:-1], str(tmp_path / "none"), "--resume"]) == 2
    assert "must be a file written by sde finetune" in capsys.readouterr().err


def test_beside_trains_on_the_same_batches(saved, tmp_path, capsys):
    start = ["finetune", "--embeddings", str(saved), "--output", str(tmp_path), *STEPS]
    assert main([*start, "--loss", "sde", "--beside", "infonce"]) == 0
    table = capsys.readouterr().out
    assert "sde, step 6" in table
    assert "infonce, step 6" in table
    *_, alone = sde.finetune(sde.EmbeddingSet.load(saved), CONFIG)
    assert np.array_equal(sde.EmbeddingSet.load(tmp_path / "infonce/vectors").image, alone.result.image)


def test_interpolate_writes_the_weights_in_between(saved, tmp_path, capsys):
    start = ["finetune", "--embeddings", str(saved), "--output", str(tmp_path), *STEPS]
    assert main([*start, "--interpolate", "0.25"]) == 0
    assert "interpolated, step 6" in capsys.readouterr().out
    mix = sde.interpolate(tmp_path / "last.safetensors", sde.EmbeddingSet.load(saved), 0.25)
    assert np.array_equal(sde.EmbeddingSet.load(tmp_path / "interpolated/vectors").image, mix.result.image)
    assert main([*start, "--beside", "siglip", "--interpolate", "0.5", "--json"]) == 0
    mixed = [e for e in _lines(capsys.readouterr().out) if e["run"].endswith("interpolated")]
    assert [(e["event"], e["run"]) for e in mixed] == [
        (event, f"{run}/interpolated") for run in ("infonce", "siglip") for event in ("Metrics", "Done")
    ]


def test_bad_input_is_one_sentence(saved, tmp_path, capsys):
    start = ["finetune", "--output", str(tmp_path)]
    for words, sentence in (
        ([], "either a set of pairs or --embeddings must be given"),
        (
            ["--embeddings", str(saved), "--batch-size", "153"],
            "batch_size must be at most the number of training pairs; got 153 and 152",
        ),
        (["--embeddings", str(saved), "--sde", "magic=1"], "--sde must be FIELD=VALUE with one of"),
        (
            ["--embeddings", str(saved), "--sde", "subspace=much"],
            "--sde must give each field a value of its kind",
        ),
        (["--embeddings", str(saved), "--warmup", "2"], "warmup must lie in"),
        (["--embeddings", str(saved), "--interpolate", "1.5"], "--interpolate must lie in [0, 1]; got 1.5"),
        (["--embeddings", str(saved), "--resume", "--beside", "sde"], "--resume must find a run in"),
    ):
        assert main([*start, *words]) == 2
        message = capsys.readouterr().err.splitlines()
        assert len(message) == 1
        assert sentence in message[0]


def test_a_failed_training_exits_with_1(saved, tmp_path, capsys):
    start = ["finetune", "--embeddings", str(saved), "--output", str(tmp_path), *STEPS]
    with pytest.raises(SystemExit) as stop:
        main([*start, "--learning-rate", "1e30", "--warmup", "0"])
    assert stop.value.code == 1
    assert "lower learning_rate (now 1e+30) and start again" in capsys.readouterr().err


TWO = {
    "adapter": ["--loss", "sde", "--sde", "component_contrast=1"],
    "full": ["--train", "full", "--loss", "siglip", "--accumulate", "2", "--batch-size", "16", "--steps", "4",
             "--learning-rate", "0.001"],
    "negatives": ["--duplicates", "negatives", "--clip-norm", "0.5"],
    "resumed": ["--loss", "sde", "--sde", "component_contrast=1", "--resume"],
}  # fmt: skip


@pytest.fixture(scope="module")
def two_ranks(saved, shape_shard, tiny_encoder_folder, tmp_path_factory):
    """The outputs of two processes, as torchrun starts them, that train every case of TWO, one after the other."""
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "cases.json").write_text(
        json.dumps([_words(name, saved, shape_shard, tiny_encoder_folder, folder) for name in TWO])
    )
    script = Path(__file__).with_name("run_cases.py")
    said = library().run(script, [folder / "cases.json"], ranks(2))
    assert said["code"] == 0, said["err"]
    return folder, said["out"]


def _half(saved, folder) -> None:
    """Train half the steps of the case "resumed", in one process."""
    loss = sde.LossConfig(name="sde", sde=sde.SDELossConfig(component_contrast=1))
    events = sde.finetune(sde.EmbeddingSet.load(saved), replace(CONFIG, loss=loss), output=folder)
    for event in events:
        if isinstance(event, CheckpointSaved) and event.step == 3:
            break
    events.close()


def _words(name, saved, shape_shard, tiny_encoder_folder, folder) -> list[str]:
    data = (
        [str(shape_shard), "--model", str(tiny_encoder_folder)]
        if name == "full"
        else ["--embeddings", str(saved)]
    )
    if name == "resumed":
        _half(saved, folder / name)
    return ["finetune", *data, "--output", str(folder / name), *STEPS, *TWO[name], "--json"]


@pytest.mark.parametrize("name", TWO)
def test_two_processes_are_one_on_the_whole_batch(
    two_ranks, saved, shape_shard, tiny_encoder_folder, tmp_path, capsys, name
):
    folder, said = two_ranks
    words = _words(name, saved, shape_shard, tiny_encoder_folder, tmp_path)
    assert main(words) == 0
    alone = [e for e in _lines(capsys.readouterr().out) if e["event"] == "Step"]
    together = [e for e in _lines(said) if e["event"] == "Step" and e["case"] == name]
    assert [e["step"] for e in together] == [e["step"] for e in alone] != []
    for one, both in zip(alone, together, strict=True):
        # float32 sums in another order
        assert both["loss"] == pytest.approx(one["loss"], rel=2e-4)
        assert both["gradient_norm"] == pytest.approx(one["gradient_norm"], rel=2e-3)
    one, both = (sde.EmbeddingSet.load(p / name / "vectors") for p in (tmp_path, folder))
    np.testing.assert_allclose(both.image, one.image, atol=2e-4)
    np.testing.assert_allclose(both.text, one.text, atol=2e-4)

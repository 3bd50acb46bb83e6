import json

import pytest

from sde_core.cli import main


@pytest.fixture
def classes(write_shard, good_members, tmp_path):
    """CLIP_benchmark's layout: five pictures of two classes, names and prompts beside them."""
    root = tmp_path / "benchmark"
    (root / "test").mkdir(parents=True)
    members = []
    for i, (name, content) in enumerate(m for m in good_members if m[0].endswith("webp")):
        members += [(name, content), (name.replace("webp", "cls"), str(i % 2).encode())]
    write_shard(members, "0.tar").rename(root / "test" / "0.tar")
    (root / "test" / "nshards.txt").write_text("1")
    (root / "dataset_type.txt").write_text("classification")
    (root / "classnames.txt").write_text("red square\nblue square\n")
    (root / "zeroshot_classification_templates.txt").write_text("a {c}.\nthe {c}!\n")
    return root


def test_zero_shot_reads_classes_and_prompts_that_came_with_the_pairs(tiny_encoder_folder, classes, capsys):
    arguments = ["evaluate", str(classes), "--model", str(tiny_encoder_folder)]
    assert main([*arguments, "--task", "zeroshot_classification", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["n_classes"], row["templates"], row["n_images"]) == (2, 2, 5)
    assert row["chance"] == {"acc1": 0.5, "largest_class": 0.6}
    assert set(row["metrics"]) == {"acc1", "acc5", "mean_per_class_recall"}
    assert row["metrics"]["acc5"] == 1.0


def test_the_bundled_encoder_tells_groups_apart_above_chance(tmp_path, capsys):
    common = ["evaluate", "--embeddings", "emoji/test", "--label-column", "group", "--json"]
    (tmp_path / "templates.txt").write_text("{c}\n")
    zero = [*common, "--task", "zeroshot_classification", "--templates", str(tmp_path / "templates.txt")]
    assert main(zero) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["intervals"]["acc1"][0] > row["chance"]["acc1"]
    probe = [*common, "--task", "linear_probe", "--fit-on", "emoji/val"]
    assert main([*probe, "--baselines", "csls"]) == 0  # changes scores only: no row of its own
    out, err = capsys.readouterr()
    (fitted,) = json.loads(out)
    assert fitted["treatment"] == "raw"
    assert fitted["intervals"]["acc1"][0] > fitted["chance"]["largest_class"]
    assert fitted["converged"] is True
    assert "too" not in err  # no picture of the one is in the other
    assert main([*zero, "--fit-on", "emoji/train", "--baselines", "mean-shift"]) == 0
    assert "pictures of emoji/test are in emoji/train too" in capsys.readouterr().err


def test_treatments_are_rows_of_their_own(capsys):
    arguments = ["evaluate", "--embeddings", "emoji/test", "--label-column", "group", "--fit-on", "emoji/val"]
    assert main([*arguments, "--task", "zeroshot_classification", "--baselines", "mean-shift,nnn"]) == 0
    out = capsys.readouterr().out
    assert [line.split("│")[2].strip() for line in out.splitlines() if "emoji/test" in line] == [
        "raw",
        "mean-shift",
        "nnn",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--task", "zeroshot_classification"], "label-column must be a column of"),
        (
            ["--task", "zeroshot_classification", "--label-column", "subgroup", "--baselines", "nnn"],
            "--fit-on",
        ),
        (["--task", "linear_probe", "--label-column", "group"], "needs --fit-on"),
        (
            ["--task", "linear_probe", "--label-column", "concept", "--fit-on", "emoji/val"],
            "only classes of the",
        ),
        (
            ["--task", "zeroshot_classification", "--label-column", "group", "--templates", "no.txt"],
            "UTF-8 text",
        ),
        (
            ["--task", "zeroshot_classification", "--label-column", "group", "--model", "FOLDER"],
            "must have the weights",
        ),
    ],
)
def test_bad_input_is_one_sentence(tiny_encoder_folder, capsys, arguments, message):
    words = [str(tiny_encoder_folder) if a == "FOLDER" else a for a in arguments]
    assert main(["evaluate", "--embeddings", "emoji/test", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


def test_the_bundled_encoder_can_be_named(saved_set, capsys):
    """It is the default for pairs, but not for vectors that do not say who made them."""
    from dataclasses import replace

    import numpy as np

    from sde_core import EmbeddingSet

    labelled = replace(
        EmbeddingSet.load(saved_set), metadata={"label": np.array(["a", "b", "c"])[np.arange(60) % 3]}
    )
    labelled.save(saved_set.with_name("named"))
    arguments = [
        "evaluate",
        "--embeddings",
        str(saved_set.with_name("named")),
        "--task",
        "zeroshot_classification",
    ]
    assert main(arguments) == 2
    assert "name it with --model" in capsys.readouterr().err
    assert main([*arguments, "--model", "bundled"]) == 2
    assert "bundled gives vectors of 192 numbers, toy has 8: another encoder" in capsys.readouterr().err


def test_vectors_without_an_encoder_ask_for_it(saved_set, capsys):
    from dataclasses import replace

    import numpy as np

    from sde_core import EmbeddingSet

    made = EmbeddingSet.load(saved_set)
    labelled = replace(made, metadata={"label": np.arange(60) % 3})
    labelled.save(saved_set.with_name("labelled"))
    changed = replace(labelled, provenance=replace(made.provenance, encoder="bundled", transform="something"))
    changed.save(saved_set.with_name("changed"))
    for name, message in (("labelled", "name it with --model"), ("changed", "was transformed (something)")):
        arguments = ["evaluate", "--embeddings", str(saved_set.with_name(name))]
        assert main([*arguments, "--task", "zeroshot_classification"]) == 2
        assert message in capsys.readouterr().err

import json

import pytest

from sde_core.cli import main
from sde_core.mmeb import TASKS
from tests.fixtures import picture_bytes

COLOURS = ("red", "green", "blue")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures").mkdir()
    root = tmp_path / "MMEB"
    root.mkdir()
    for colour in COLOURS:
        (tmp_path / f"pictures/{colour}.png").write_bytes(picture_bytes(colour, kind="PNG"))
    rows = []
    for colour in COLOURS:
        names = [colour, *(c for c in COLOURS if c != colour)]
        row = {"qry_text": "", "qry_img_path": f"{colour}.png", "tgt_text": names, "tgt_img_path": [""] * 3}
        rows.append(json.dumps(row) + "\n")
    for task in TASKS:
        (root / f"{task}.jsonl").write_text("".join(rows))
    return root


def test_all_tasks_print_their_means_and_what_others_published(folder, tiny_encoder_folder, capsys):
    common = ["evaluate", str(folder), "--task", "mmeb", "--model", str(tiny_encoder_folder)]
    arguments = [*common, "--image-dir", str(folder.parent / "pictures")]
    assert main([*arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (len(report["tasks"]), report["missing"], report["failed"]) == (36, [], [])
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert f"{100 * report['mean_precision_at_1']:.1f}" in out
    assert "mean of 36 tasks" in out
    assert "Published by their authors, not measured here" in out
    assert "65.6" in out


def test_some_tasks_are_not_set_beside_published_means(folder, tiny_encoder_folder, capsys):
    (folder.parent / "pictures/red.png").unlink()
    arguments = ["evaluate", str(folder), "--task", "mmeb", "--image-dir", str(folder.parent / "pictures")]
    arguments += ["--model", str(tiny_encoder_folder), "--subset-name", "CIRR,OVEN"]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert "mean of 2 tasks" in out
    assert "Published" not in out
    assert "2 items skipped" in err
    assert "there is no file red.png" in err


def test_what_is_no_benchmark_is_one_sentence(folder, tmp_path, capsys):
    assert main(["evaluate", "--task", "mmeb"]) == 2
    assert "mmeb needs one folder of tasks" in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path / "pictures"), "--task", "mmeb"]) == 2
    assert "must hold MMEB tasks" in capsys.readouterr().err
    assert main(["evaluate", str(folder), "--task", "mmeb", "--subset-name", "CIFAR"]) == 2
    assert "got CIFAR" in capsys.readouterr().err

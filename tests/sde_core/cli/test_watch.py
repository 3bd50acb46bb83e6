"""`sde watch` prints what the looks of a run say, and its exit code says whether an alarm holds."""

import json
import threading
from contextlib import closing
from unittest.mock import Mock

import pytest
import torch

import sde_core as sde
from sde_core.cli.main import main
from sde_core.training.monitoring.writer import LooksWriter
from tests.sde_core.training.monitoring.looks import a_look
from tests.waiting import until


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a folder with a run that is well and one whose texts hold NaN at the end."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("bad", "good"):
        with sde.SpectralMonitor(folder / name, every=10, rows=64) as monitor:
            for step in range(1, 101):
                image, noise = torch.randn(2, 64, 12, generator=torch.Generator().manual_seed(step))
                text = image + 0.1 * noise
                if name == "bad" and step == 100:
                    text[0, 0] = torch.nan
                monitor(step, image=image, text=text, logit_scale=10 + step / 10)
                monitor.wait()
    return folder


def test_a_run_that_is_well_is_a_table_and_code_0(runs, capsys):
    assert main(["watch", str(runs / "good"), "--once"]) == 0
    printed = capsys.readouterr().out
    assert "good: step 100, 10 looks at 64 pairs, no process writes: healthy" in printed
    (line,) = (line for line in printed.splitlines() if "logit scale" in line)
    assert "11.0" in line
    assert "20.0" in line
    assert "▁" in line
    assert "█" in line


def test_without_a_writer_following_ends_by_itself(runs, capsys):
    assert main(["watch", str(runs / "good")]) == 0
    assert "healthy" in capsys.readouterr().out


def test_a_run_is_followed_while_it_is_written_until_its_writer_ends(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # every reading is printed, as in a terminal
    monkeypatch.setenv("COLUMNS", "200")
    writer, printed, codes = LooksWriter(tmp_path), [], []
    writer.add(a_look(10))

    def shown(words):
        printed.append(capsys.readouterr().out)
        return words in "".join(printed)

    command = ["watch", str(tmp_path), "--every", "0.01"]
    follower = threading.Thread(target=lambda: codes.append(main(command)))
    follower.start()
    until(lambda: shown("step 10, one look at 40 pairs, running"))
    writer.add(a_look(20))
    until(lambda: shown("step 20, 2 looks at 40 pairs, running"))
    writer.close()
    follower.join()
    assert shown("step 20, 2 looks at 40 pairs, no process writes")
    assert codes == [0]


def test_who_stays_sees_a_training_that_is_started_again_and_a_new_one(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    printed, codes = [], []

    def wrote(name, step):
        with closing(LooksWriter(tmp_path / name)) as writer:
            writer.add(a_look(step))

    def shown(words):
        printed.append(capsys.readouterr().out)
        return words in "".join(printed)

    def stopped(_):
        wrote("first", 20)
        wrote("second", 10)
        sleep.side_effect = KeyboardInterrupt

    wrote("first", 10)
    sleep = Mock(side_effect=stopped)
    monkeypatch.setattr("sde_core.cli.watch.time.sleep", sleep)
    codes.append(main(["watch", str(tmp_path), "--stay"]))
    assert shown("first: step 10, one look")
    assert shown("first: step 20, 2 looks")
    assert shown("second: step 10, one look")
    assert codes == [0]


def test_several_runs_stand_below_each_other_and_an_alarm_is_code_1(runs, capsys):
    assert main(["watch", str(runs), "--once"]) == 1
    printed = capsys.readouterr().out
    assert printed.index("bad: step 100") < printed.index("good: step 100")
    assert "no process writes: not a number" in printed
    assert "step 100: 1 text rows hold NaN or infinity" in printed


def test_json_holds_every_look(runs, capsys):
    assert main(["watch", str(runs), "--json"]) == 1
    bad, good = json.loads(capsys.readouterr().out)["runs"]
    assert (bad["run"], bad["verdict"], good["verdict"], good["is_live"]) == (
        "bad",
        "not a number",
        "healthy",
        False,
    )
    assert bad["alarms"][0]["step"] == 100
    looks = sde.read_looks(runs / "good")
    assert [look["step"] for look in good["looks"]] == [look.step for look in looks]
    assert good["looks"][3]["numbers"]["image/effective_rank"] == looks[3].image.effective_rank


def test_a_place_without_a_run_is_one_sentence(tmp_path, capsys):
    assert main(["watch", str(tmp_path)]) == 2
    assert "must hold a run that SpectralMonitor writes" in capsys.readouterr().err
    assert main(["watch", str(tmp_path), "--every", "0"]) == 2

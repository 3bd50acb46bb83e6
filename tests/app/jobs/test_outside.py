"""Work in a process of its own: what it tells, how it is stopped, how it fails, and that none is left behind."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import sde_core as sde
from sde_core.files.tensor_file import read_tensors
from sde_explorer.jobs.job import Job
from sde_explorer.jobs.outside import Workers
from tests.waiting import until

LIMIT_S = 300


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """One process for all tests that leave it well: its imports take seconds."""
    made = Workers()
    yield made
    made.close()


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)


def _map_job(workers: Workers, path: Path, rows: np.ndarray, seed: object = 0) -> Job:
    settings = {"path": str(path), "seed": seed}
    return Job(key="m", kind="test", title="a map", work=lambda job: workers.do(job, "map", settings, [rows]))


def _refused(workers: Workers, path: Path) -> None:
    """Let a process do a little: it refuses rows of zeros before it loads what lays maps out."""
    job = _map_job(workers, path, np.zeros((60, 8), np.float32))
    job.run()
    assert "zero" in job.error, job.error


def _running(job: Job) -> threading.Thread:
    """Run a job in a thread, and return that once the process has told something."""
    told, report = threading.Event(), job.report

    def tell(*words: object, **more: object) -> None:
        report(*words, **more)
        told.set()

    job.report = tell
    thread = threading.Thread(target=job.run, daemon=True)
    thread.start()
    assert told.wait(LIMIT_S)
    return thread


def _is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet has, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_map_has_the_same_bits_as_one_of_this_process(workers, rows, tmp_path):
    job = _map_job(workers, tmp_path / "maps" / "m.safetensors", rows)
    notes, report = [], job.report
    job.report = lambda share, note="", **more: notes.append((share, note)) or report(share, note, **more)
    job.run()
    assert (job.status, job.error) == ("done", "")
    found, _ = read_tensors(tmp_path / "maps" / "m.safetensors", kind="sde.map", writer="this test")
    np.testing.assert_array_equal(found["map"].numpy(), sde.umap_map(rows, seed=0).numpy())
    assert any(note.startswith("laying out") for _, note in notes)
    assert notes[-1][0] == 1.0


def test_what_a_task_refuses_is_its_sentence_and_what_nobody_foresaw_an_id(workers, rows, tmp_path, caplog):
    path = tmp_path / "m.safetensors"
    refused = _map_job(workers, path, np.zeros_like(rows))
    refused.run()
    with pytest.raises(sde.DataError) as here:
        sde.umap_map(np.zeros_like(rows))
    assert refused.error == str(here.value)
    broken = _map_job(workers, path, rows, seed="no number")
    broken.run()
    line = next(r.figures for r in caplog.records if r.getMessage() == "error")
    assert broken.error.endswith(line["id"])
    assert "no number" not in broken.error
    assert "do_map" in line["traceback"]  # where in the other process
    assert not path.exists()
    again = _map_job(workers, path, rows)  # the same process does the next
    again.run()
    assert again.status == "done"


def test_a_stop_ends_the_work_and_leaves_the_process_to_the_next(workers, tmp_path):
    many = np.random.default_rng(1).normal(size=(4000, 16)).astype(np.float32)
    job = _map_job(workers, tmp_path / "m.safetensors", many)
    thread = _running(job)
    with workers._lock:
        assert workers._idle == []
    job.cancel()
    thread.join(LIMIT_S)
    assert (job.status, job.error) == ("cancelled", "")
    assert list(tmp_path.iterdir()) == []
    [worker] = workers._idle
    assert worker.is_alive
    before = _map_job(workers, tmp_path / "m.safetensors", many)
    before._stop.set()  # a stop that comes before the process has been told of anything
    before.run()
    assert before.status == "cancelled"
    assert workers._idle == [worker]


def test_a_process_that_is_killed_is_one_sentence_and_the_next_work_has_another(tmp_path, caplog):
    workers = Workers()
    many = np.random.default_rng(1).normal(size=(4000, 16)).astype(np.float32)
    job = _map_job(workers, tmp_path / "m.safetensors", many)
    started = []
    lent = workers._waiting
    workers._waiting = lambda: started.append(lent()) or started[-1]
    _refused(workers, tmp_path / "first.safetensors")
    thread = _running(job)
    os.kill(started[-1].process.pid, signal.SIGKILL)
    thread.join(LIMIT_S)
    assert job.status == "failed"
    assert "signal 9" in job.error
    assert "\n" not in job.error
    line = next(r.figures for r in caplog.records if r.getMessage() == "problem")
    assert line["id"] in job.error
    assert not (tmp_path / "m.safetensors").exists()
    _refused(workers, tmp_path / "again.safetensors")
    pid = workers._idle[0].process.pid
    workers.close()
    until(lambda: _is_gone(pid), seconds=LIMIT_S)


def test_one_that_waits_for_too_long_ends(tmp_path):
    workers = Workers(kept_s=0.01)
    _refused(workers, tmp_path / "m.safetensors")
    until(lambda: not workers._idle, seconds=LIMIT_S)


SERVER = """
import sys, threading
from pathlib import Path
import numpy as np
from sde_explorer.jobs.job import Job
from sde_explorer.jobs.outside import Workers

workers = Workers()
many = np.random.default_rng(1).normal(size=(4000, 16)).astype(np.float32)
settings = {"path": sys.argv[1], "seed": 0}
job = Job(key="m", kind="test", title="a map", work=lambda job: workers.do(job, "map", settings, [many]))
job.report = lambda *words, **more: print("told", flush=True)
job.run()
"""


def test_none_outlives_a_server_that_was_killed(tmp_path):
    """Not even in the middle of its work, and what it wrote is whole or absent."""
    command = [sys.executable, "-c", SERVER, str(tmp_path / "m.safetensors")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) as server:
        assert server.stdout.readline() == b"told\n"
        [worker] = map(int, Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split())
        server.kill()
        server.wait()
        until(lambda: _is_gone(worker), seconds=LIMIT_S)
    assert list(tmp_path.iterdir()) == []


def test_it_loads_no_page(tmp_path):
    """Half a gigabyte is enough: streamlit and plotly are the page's."""
    loaded = "import sys, sde_explorer.worker as w\nfor m in set(w.TASKS.values()): __import__(m)\n"
    loaded += "print(*sorted({'streamlit', 'plotly', 'pandas'} & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, check=True, text=True, cwd=tmp_path
    )
    assert found.stdout.strip() == ""


def test_what_lies_in_the_working_folder_is_not_run(tmp_path, monkeypatch):
    for name in ("json", "torch", "sde_explorer", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    workers = Workers()
    _refused(workers, tmp_path / "m.safetensors")
    workers.close()
    assert not (tmp_path / "ran").exists()

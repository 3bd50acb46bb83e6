import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from sde_core import DataError, EmbeddingSet, load_encoder
from sde_explorer import sets
from sde_explorer.intake import VectorRequest
from sde_explorer.jobs import Encoded, Job, JobQueue, encoding_job, opening_job, queue
from sde_explorer.ui.job_progress import job_sentence


def _job(work, key="a", **more) -> Job:
    return Job(key=key, kind="test", title=f"job {key}", work=work, **more)


def _ended(job: Job) -> Job:
    job.run()
    assert job.wait(0)
    return job


class Gate:
    """Work that says when it has begun, and ends when it is let go."""

    def __init__(self) -> None:
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self, job: Job) -> str:
        job.report(0.25, "half way")
        self.begun.set()
        assert self.open.wait(120)
        job.report(0.5)
        return job.key


def test_a_job_keeps_what_came_of_it_and_lets_go_of_its_work():
    job = _ended(_job(lambda j: j.report(2.0, "counting", partial=[1]) or 7))
    assert (job.status, job.result, job.share, job.partial) == ("done", 7, 1.0, [1])
    with pytest.raises(RuntimeError, match="let go"):
        job.work(job)
    assert 0 < job.seconds == job.seconds


def test_failures_are_sentences(caplog):
    def fail(_):
        raise DataError("pairs must exist")

    assert _ended(_job(fail)).error == "pairs must exist"
    broken = _ended(_job(lambda _: 1 / 0))
    assert broken.status == "failed"
    # What nobody foresaw is not shown to the visitor: an id is, under which the log holds it.
    assert "Zero" not in broken.error
    line = next(r.figures for r in caplog.records if r.getMessage() == "error")
    assert broken.error.endswith(line["id"])
    assert "ZeroDivisionError" in line["traceback"]


def test_one_runs_on_a_device_the_others_wait_and_say_for_what():
    line, gates = JobQueue(), [Gate() for _ in range(3)]
    first, second = (line.submit(_job(gate, key)) for gate, key in zip(gates[:2], "ab", strict=True))
    other = line.submit(_job(gates[2], "c", device="cuda:0"))
    assert gates[0].begun.wait(120)
    assert gates[2].begun.wait(120)  # another device does not wait
    assert second.status == "waiting"
    assert line.ahead(second) == [first]
    assert "half way" in job_sentence(first)
    assert line.active("test") == [first, second, other]
    assert not gates[1].begun.is_set()
    gates[0].open.set()
    assert gates[1].begun.wait(120)
    gates[1].open.set()
    gates[2].open.set()
    assert second.wait(120)
    assert other.wait(120)
    assert [j.result for j in (first, second, other)] == ["a", "b", "c"]
    assert line.active("test") == []


def test_twenty_equal_asks_at_once_are_one_computation():
    line, begin, computed, found = JobQueue(), threading.Barrier(20), [], []

    def ask():
        begin.wait()
        job = line.submit(_job(lambda job: computed.append(job) or len(computed)))
        assert job.wait(120)
        found.append(job)

    asking = [threading.Thread(target=ask) for _ in range(20)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(computed) == 1
    assert [job.result for job in found] == [1] * 20


def test_the_same_key_is_the_same_job_until_it_fails_or_is_forgotten():
    line, gate = JobQueue(), Gate()
    running = line.submit(_job(gate))
    assert line.submit(_job(gate)) is running
    gate.open.set()
    assert running.wait(120)
    assert line.submit(_job(gate)) is running
    assert line.find("a") is running
    line.forget("a")
    failed = line.submit(_job(lambda _: 1 / 0))
    assert failed is not running
    assert failed.wait(120)
    assert line.submit(_job(gate)).wait(120)
    assert line.find("a").status == "done"


def test_stopping_takes_effect_at_the_next_report_and_at_once_while_waiting():
    line, gate = JobQueue(), Gate()
    running, waiting = line.submit(_job(gate)), line.submit(_job(gate, "b"))
    assert gate.begun.wait(120)
    waiting.cancel()
    assert waiting.wait(0)
    assert waiting.status == "cancelled"
    running.cancel()
    assert "stopping" in job_sentence(running)
    again = line.submit(_job(gate))  # one that is being stopped is not joined
    assert again is not running
    gate.open.set()
    assert again.wait(120)
    assert (running.status, again.status) == ("cancelled", "done")


def test_ended_jobs_leave_memory_oldest_first():
    line = JobQueue(ended_kept=2)
    for key in "abcd":
        assert line.submit(_job(lambda _: None, key)).wait(120)
    assert [key for key in "abcd" if line.find(key)] == [
        "b",
        "c",
        "d",
    ]  # the newest counts once it has ended


def _encoding(source, cache: Path, encoder=None) -> Job:
    load = load_encoder if encoder is None else lambda _: load_encoder(encoder)
    return _ended(encoding_job(str(source), str(encoder or "bundled"), cache, load))


def test_an_encoding_runs_once_and_is_found_again(tiny_encoder_folder, write_shard, good_members, tmp_path):
    shard = str(write_shard(good_members))
    jobs = [_encoding(shard, tmp_path / "cache", tiny_encoder_folder) for _ in range(2)]
    found = [job.result for job in jobs]
    assert all(isinstance(result, Encoded) for result in found), [job.error for job in jobs]
    assert found[0].folder == found[1].folder
    assert EmbeddingSet.load(found[0].folder).n_images == 5
    assert [result.was_there for result in found] == [False, True]
    assert [(e.data, e.encoder) for e in sets.known_sets(tmp_path / "cache") if e.data == shard] == [
        (shard, str(tiny_encoder_folder))
    ]


def test_what_ships_encoded_is_not_encoded_again(tmp_path):
    job = _encoding("clipart", tmp_path / "cache")
    assert job.result.was_there
    assert job.error == ""


def test_a_cancelled_encoding_writes_nothing(tiny_encoder_folder, write_shard, good_members, tmp_path):
    job = encoding_job(
        str(write_shard(good_members)),
        "tiny",
        tmp_path / "cache",
        lambda _: load_encoder(tiny_encoder_folder),
    )
    report = job.report

    def stop_at_the_first_batch(share, note="", **more):
        if note.startswith("images"):
            job.cancel()
        report(share, note, **more)

    job.report = stop_at_the_first_batch
    job.run()
    assert (job.status, job.result, job.error) == ("cancelled", None, "")
    assert not (tmp_path / "cache").exists()


def test_a_truncated_shard_is_one_sentence(tiny_encoder_folder, write_shard, good_members, tmp_path):
    path = tmp_path / "cut.tar"
    path.write_bytes(write_shard(good_members).read_bytes()[:700])
    job = _encoding(path, tmp_path / "cache", tiny_encoder_folder)
    assert "cut.tar" in job.error
    assert "\n" not in job.error
    assert not (tmp_path / "cache").exists()


def test_a_page_that_opens_later_follows_the_job_and_can_stop_it(open_page, spiked_folder):
    gate = Gate()
    job = queue.submit(Job(key="encode/elsewhere", kind="encode", title="elsewhere", work=gate))
    try:
        assert gate.begun.wait(120)
        at = open_page("data", data=str(spiked_folder))
        assert not at.exception
        assert "half way" in at.get("progress")[0].proto.text
        at.button(key="cancel encode/elsewhere").click().run()
        assert job.is_stopping
    finally:
        gate.open.set()
    assert job.wait(120)
    at.run()
    assert "cancelled, nothing was written" in at.info[-1].value


def test_an_ended_job_that_is_asked_for_outlives_the_others():
    line = JobQueue(ended_kept=2)
    for key in "ab":
        assert line.submit(_job(lambda j: j.key, key)).wait(120)
    assert line.find("a") is not None
    assert line.submit(_job(lambda j: j.key, "c")).wait(120)
    assert line.submit(_job(lambda j: j.key, "d")).wait(120)
    assert line.find("b") is None
    assert line.find("a") is not None


def test_light_results_are_kept_beside_the_others_and_in_a_number_of_their_own(monkeypatch):
    monkeypatch.setitem(JobQueue._forget.__globals__, "LIGHT_KEPT", 3)
    line = JobQueue(ended_kept=1)
    for key in "abcdefgh":
        job = _job(lambda j: j.key, key)
        job.is_light = key > "b"
        assert line.submit(job).wait(120)
    assert [key for key in "abcdefgh" if line.find(key)] == ["b", *"efgh"]


def test_vectors_are_compared_with_the_encoder_they_name(
    tiny_encoder_folder, write_shard, good_members, tmp_path
):
    shard = str(write_shard(good_members))
    made = EmbeddingSet.load(_encoding(shard, tmp_path / "cache", tiny_encoder_folder).result.folder)
    folder = tmp_path / "vectors"
    folder.mkdir()
    np.save(folder / "image.npy", made.image)
    np.save(folder / "text.npy", np.roll(made.text, 1, axis=0))
    np.save(folder / "text_to_image.npy", made.links)
    (folder / "captions.txt").write_text("\n".join(made.captions) + "\n")
    request = VectorRequest(source=str(folder), encoder=str(tiny_encoder_folder))
    job = _ended(opening_job(request, tmp_path / "cache"))
    assert not job.error
    opened = EmbeddingSet.load(job.result.folder)
    assert opened.captions == made.captions
    assert (
        "rows shifted: rows of captions hold the vectors of others, +1 from their own" in opened.remarks[-1]
    )


def test_a_process_does_not_end_in_the_middle_of_a_job():
    code = """
import threading
from sde_explorer.jobs import Job, JobQueue

begun = threading.Event()


def work(job):
    begun.set()
    try:
        while True:
            job.report(0.5)
    finally:
        print("ended", flush=True)


JobQueue().submit(Job(key="a", kind="test", title="a", work=work))
assert begun.wait(120)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")


def test_what_is_left_follows_from_the_pace_so_far():
    job = _job(lambda _: None)
    job._seconds = 30.0
    assert job.left_at(0.25) == pytest.approx(90.0)
    assert job.left_at(1.0) == 0
    assert job.left_at(0.01) is None

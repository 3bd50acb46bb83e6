"""Trainings as jobs: side by side, stopped and resumed, refused, written and read again."""

import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

import sde_core as sde
from sde_core.training import FinetuneConfig, interpolation_sweep
from sde_explorer.jobs import Job, JobQueue
from sde_explorer.sets import known_sets
from sde_explorer.training.job import do_train, training_job
from sde_explorer.training.mixing_job import keep_job, sweep_job
from sde_explorer.training.names import training_name
from sde_explorer.training.numbers.presets import PRESETS, own_mix
from sde_explorer.training.numbers.run import TrainingLog
from sde_explorer.training.runs import (
    EVENTS,
    TrainingRequest,
    known_trainings,
    last_checkpoint,
    new_folder,
    plain_request,
    read_log,
    read_request,
    write_request,
)

CONFIG = FinetuneConfig(steps=8, batch_size=32, learning_rate=2e-2, evaluate_every=4, device="cpu")


@pytest.fixture
def request_for(spiked_folder):
    def make(**runs: FinetuneConfig) -> TrainingRequest:
        return TrainingRequest(
            title="a test",
            data=str(spiked_folder),
            folder=str(spiked_folder),
            part=(),
            fingerprint=sde.EmbeddingSet.load(spiked_folder).fingerprint,
            runs=runs,
        )

    return make


def _trained(request, cache, name="one"):
    folder = cache / "trainings" / name
    write_request(request, folder)
    job = JobQueue().submit(training_job(request, folder, cache, device="cpu"))
    assert job.wait(120)
    return job, folder


def test_two_runs_go_side_by_side_and_leave_vectors_for_every_view(request_for, tmp_path):
    request = request_for(SDE=replace(CONFIG, loss=PRESETS["SDE, as reconstructed"].loss), InfoNCE=CONFIG)
    job, folder = _trained(request, tmp_path)
    assert (job.status, job.error) == ("done", "")
    log = read_log(folder)
    assert list(log.runs) == ["SDE", "InfoNCE"]
    for name, run in log.runs.items():
        assert [s.step for s in run.steps] == list(range(1, 9))
        assert [look.step for look in run.looks] == [look.step for look in run.spectra] == [0, 4, 8]
        assert sde.EmbeddingSet.load(job.result.sets[name]).n_images == 300
    assert log.is_done
    assert log.share == 1.0
    # In turn: the steps of the two runs alternate.
    lines = [json.loads(line) for line in (folder / EVENTS).read_text().splitlines()]
    told = [e["run"] for e in lines if e["event"] == "Step"]
    assert told == ["SDE", "InfoNCE"] * 8
    # Same pairs in the same order: the first batch has the same plain loss for two equal runs.
    assert {entry.folder for entry in known_sets(tmp_path)} >= {str(p) for p in job.result.sets.values()}


def test_a_stopped_training_goes_on_and_ends_with_the_same_bits(request_for, tmp_path):
    request = request_for(InfoNCE=CONFIG)
    whole, _ = _trained(request, tmp_path, "whole")
    folder = tmp_path / "trainings" / "stopped"
    write_request(request, folder)
    job = training_job(request, folder, tmp_path, device="cpu")
    report = job.report

    def stop_at_half(share, note="", **more):
        report(share, note, **more)
        if share >= 0.5:
            job.cancel()

    job.report = stop_at_half
    JobQueue().submit(job).wait(120)
    assert job.status == "cancelled"
    assert not read_log(folder).is_done
    # A killed process may have written half a line.
    with (folder / EVENTS).open("a") as file:
        file.write('{"event": "Step", "st')
    again = JobQueue().submit(training_job(request, folder, tmp_path, device="cpu"))
    assert again.wait(120)
    assert again.status == "done"
    log = read_log(folder)
    assert [s.step for s in log.runs["InfoNCE"].steps] == list(range(1, 9))
    first, second = (sde.EmbeddingSet.load(j.result.sets["InfoNCE"]) for j in (whole, again))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.text, second.text)


def test_a_training_in_its_own_process_has_the_bits_of_one_in_this(request_for, tmp_path):
    request = request_for(SDE=replace(CONFIG, loss=PRESETS["SDE, as reconstructed"].loss))
    job, folder = _trained(request, tmp_path / "there")
    told = {
        "request": plain_request(request),
        "folder": str(tmp_path / "here" / folder.name),
        "cache": str(tmp_path / "here"),
    }
    write_request(request, tmp_path / "here" / folder.name)
    here = Job(key="here", kind="test", title="here", work=lambda job: do_train(job, told, ()))
    here.run()
    there = sde.EmbeddingSet.load(job.result.sets["SDE"])
    same = sde.EmbeddingSet.load(here.result["SDE"])
    np.testing.assert_array_equal(there.image, same.image)
    np.testing.assert_array_equal(there.text, same.text)
    assert job.figures == here.figures == {"runs": ["SDE"], "steps": {"SDE": 8}}
    # What the page has heard is what stands on the disk.
    heard, kept = job.partial.runs["SDE"], read_log(folder).runs["SDE"]
    assert (heard.steps, heard.looks, heard.done) == (kept.steps, kept.looks, kept.done)


def test_mixes_are_measured_and_kept_in_the_same_process(request_for, tmp_path):
    request = request_for(InfoNCE=CONFIG)
    job, folder = _trained(request, tmp_path)
    sweep = sweep_job(request, folder, "InfoNCE", {}, device="cpu")
    sweep.run()
    assert (sweep.status, sweep.error) == ("done", "")
    source = sde.EmbeddingSet.load(request.folder)
    wanted = list(interpolation_sweep(last_checkpoint(folder, "InfoNCE"), source))
    assert sweep.result == sweep.partial == wanted
    kept = keep_job(request, folder, "InfoNCE", 1.0, tmp_path, device="cpu")
    kept.run()
    end = sde.EmbeddingSet.load(job.result.sets["InfoNCE"])
    np.testing.assert_allclose(sde.EmbeddingSet.load(kept.result).image, end.image, atol=1e-6)
    gone = sweep_job(request, folder, "another", {}, device="cpu")
    gone.run()
    assert gone.error.endswith("has no checkpoint of another: train it first")


def test_a_training_that_is_stopped_after_its_last_step_ends_well(request_for, tmp_path):
    request = request_for(InfoNCE=CONFIG)
    folder = tmp_path / "trainings" / "late"
    write_request(request, folder)
    told = {"request": plain_request(request), "folder": str(folder), "cache": str(tmp_path)}
    job = Job(key="late", kind="test", title="late", work=lambda job: do_train(job, told, ()))
    report = job.report

    def stop_at_the_end(share, note="", **more):
        report(share, note, **more)
        if share == 1.0:
            job.stop()

    job.report = stop_at_the_end
    job.run()
    assert job.is_stopping
    assert job.status == "done"
    assert read_log(folder).is_done
    assert sde.EmbeddingSet.load(job.result["InfoNCE"]).n_images == 300


def test_a_set_that_changed_is_not_trained_on(request_for, tmp_path):
    request = replace(request_for(InfoNCE=CONFIG), fingerprint="another")
    job, _ = _trained(request, tmp_path)
    assert job.status == "failed"
    assert "has changed since the training began" in job.error


def test_one_run_that_fails_does_not_take_the_other_along(request_for, tmp_path):
    wild = replace(CONFIG, learning_rate=1e30, clip_norm=None)
    job, folder = _trained(request_for(wild=wild, InfoNCE=CONFIG), tmp_path)
    log = read_log(folder)
    assert job.status == "done"
    assert log.runs["wild"].failed is not None
    assert log.runs["InfoNCE"].done is not None
    assert list(job.result.sets) == ["InfoNCE"]


def test_requests_are_read_as_they_were_written_and_others_refused(request_for, tmp_path):
    mixed = own_mix(
        enhance=False,
        hellinger=0.0,
        subspace=2.0,
        contrast=1.0,
        whitening=0.5,
        spectral=0.25,
        band="noise",
        weight_start=1.0,
        weight_end=0.5,
    )
    request = request_for(mix=replace(CONFIG, loss=mixed), InfoNCE=CONFIG)
    folder = new_folder(tmp_path, "emoji/ü adapter", datetime(2026, 1, 2, 3, 4, 5))
    assert folder.name == "20260102-030405-emoji-adapter"
    write_request(request, folder)
    assert read_request(folder) == request
    assert new_folder(tmp_path, "emoji adapter", datetime(2026, 1, 2, 3, 4, 5)) != folder
    assert known_trainings(tmp_path) == [folder]
    for content in ("{", '{"format": 2}', "[]", '{"format": 1, "runs": {"a": {}}}'):
        (folder / "request.json").write_text(content)
        with pytest.raises(sde.DataError, match=r"another version|no training that can be read"):
            read_request(folder)


def test_a_training_has_a_name_that_tells_it_from_its_neighbours(request_for, tmp_path):
    folders = []
    for second in (5, 6):
        folders.append(new_folder(tmp_path, "emoji", datetime(2026, 11, 2, 3, 4, second)))
        write_request(request_for(InfoNCE=CONFIG), folders[-1])
    assert [training_name(f) for f in folders] == ["a test, 02 Nov 03:04:05", "a test, 02 Nov 03:04:06"]
    assert training_name(tmp_path / "gone") == "gone"


def test_a_log_without_events_is_empty():
    log = TrainingLog.of([])
    assert (log.share, log.is_done, log.runs) == (0.0, False, {})

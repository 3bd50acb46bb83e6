import json
from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from sde_core.errors import ConfigError, DataError
from sde_core.files.text_file import finite
from sde_core.report import ReportSpec, SetSpec, make_report, read_spec, sample
from sde_core.treatments.table import comparison_names
from tests.sde_core.report.conftest import toy_set


def test_the_numbers_are_those_of_the_library(report, opened):
    (facts,) = report.content["sets"]
    test = opened["test"]
    spectrum = sde.compute_spectrum(test.text)
    partition = sde.partition_spectrum(spectrum)
    text = facts["modalities"]["text"]
    assert text["singular_values"] == spectrum.singular_values.tolist()
    assert text["bands"]["noise"]["directions"] == partition.n_noise
    assert sum(b["energy_share"] for b in text["bands"].values()) == pytest.approx(1.0)
    assert text["metrics"]["effective_rank"] == sde.effective_rank(spectrum.singular_values)
    # Shuffled columns share nothing: more directions in use than where three were planted.
    assert text["controls"]["effective_rank"] > text["metrics"]["effective_rank"]
    rows = facts["retrieval"]["rows"]
    assert tuple(row["treatment"] for row in rows) == comparison_names()
    expected = sde.retrieval_metrics(test.image, test.text, test.links)
    assert rows[0]["metrics"] == expected
    for modality in ("image", "text"):
        certificate = facts["treatment"]["modalities"][modality]["certificate"]
        assert certificate["holds"] is True
        step = certificate["bounds"]["step_change"]
        # Equal up to the rounding of gains of order 1 in float64.
        assert step["measured"] == pytest.approx(step["bound"], abs=1e-14)


def test_a_large_set_is_sampled_where_rows_are_compared_and_the_page_says_so(monkeypatch):
    monkeypatch.setattr(sample, "ALL_UP_TO", 59)
    monkeypatch.setattr(sample, "SAMPLED", 40)
    whole = toy_set(4)
    made = make_report(ReportSpec(sets=(SetSpec(embeddings="toy"),), n_resamples=20), opened={"toy": whole})
    (facts,) = made.content["sets"]
    spectrum = sde.compute_spectrum(whole.image)
    assert facts["modalities"]["image"]["singular_values"] == spectrum.singular_values.tolist()
    assert (facts["n_images"], facts["sample"], facts["pairs"]["n_pairs"]) == (60, 40, 40)
    assert facts["retrieval"]["n_images"] == 20
    # Shuffled columns keep their energy: 40 rows of it, scaled to 60.
    rows = sample.sampled(whole, 0).image
    energy = float(np.square(facts["modalities"]["image"]["shuffled"]).sum())
    assert energy == pytest.approx(
        1.5 * float(np.square(rows - rows.mean(axis=0)).sum()), rel=1e-5
    )  # float32 rows
    assert "rest on a seeded sample of 40" in made.html()
    again = make_report(ReportSpec(sets=(SetSpec(embeddings="toy"),), n_resamples=20), opened={"toy": whole})
    assert again.content == made.content


def test_a_set_that_is_not_large_is_looked_at_whole(report, opened):
    assert sample.sampled(opened["test"], 0) is opened["test"]
    assert report.content["sets"][0]["sample"] is None
    assert "rest on a seeded sample" not in report.html()


def test_the_bulk_counts_every_direction(report):
    for facts in report.content["sets"][0]["modalities"].values():
        counted = sum(sum(column) for column in facts["bulk"]["counts"].values())
        assert counted + facts["bulk"]["beyond"] == len(facts["singular_values"])


def test_captions_that_change_most_are_those_whose_rank_changes_most(report):
    for each in report.content["sets"][0]["retrieval"]["changes"]:
        assert each["better"] + each["same"] + each["worse"] == 60
        ratios = [q["after"] / q["before"] for q in each["won"]]
        assert ratios == sorted(ratios)
        assert all(r < 1 for r in ratios)
        assert all(q["after"] > q["before"] for q in each["lost"])


def test_without_a_reference_half_is_held_out_and_shared_captions_stay_together():
    captions = [f"caption {i // 2}" for i in range(60)]  # two pictures a caption
    whole = toy_set(4)
    links = np.stack([np.arange(60) // 2, np.arange(60)], axis=1)
    shared = sde.EmbeddingSet.from_arrays(
        whole.image, whole.text[:30], links, captions=captions[::2], name="shared"
    )
    report = make_report(
        ReportSpec(sets=(SetSpec(embeddings="shared"),), n_resamples=50, treatments=("raw", "mean-shift")),
        opened={"shared": shared},
    )
    facts = report.content["sets"][0]
    assert facts["retrieval"]["n_images"] == 30
    assert facts["retrieval"]["n_texts"] == 15
    assert "seeded half" in facts["treatment"]["reference"]["words"]


def test_the_same_spec_and_data_give_the_same_bytes(report, opened, tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(report.spec.as_dict()))
    again = make_report(read_spec(path), opened=opened)
    assert again.html() == report.html()
    page = report.save(tmp_path / "report.html")
    assert make_report(read_spec(page), opened=opened).html() == report.html()
    assert json.loads(report.save(tmp_path / "report.json").read_text()) == json.loads(
        json.dumps(finite(report.content))
    )


def test_a_set_that_changed_since_is_refused(report, opened):
    changed = {**opened, "train": opened["other"]}
    with pytest.raises(DataError, match="train must be the set that the spec was written for"):
        make_report(report.spec, opened=changed)


def test_progress_is_told_step_by_step_and_can_stop(spec, opened):
    seen = []
    small = replace(spec, treatments=("raw", "csls"), n_resamples=20)
    make_report(small, opened=opened, progress=lambda *a: seen.append(a))
    assert seen == [(w, i, 5) for i, w in enumerate(("spectra", "pairs", "gains", "raw", "csls"))]

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_report(small, opened=opened, progress=stop)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"version": 2}, "must have version 1; got 2: it was written by another version"),
        ({"kind": "sde.transform"}, "must be JSON with"),
        ({"colour": 1}, "no unknown field; got 'colour'"),
        ({"progress": "late"}, "progress of the spec must be int or float"),
        ({"progress": 2.0}, r"progress must lie in \[0, 1\]"),
        ({"progress": float("nan")}, r"progress must lie in \[0, 1\]"),
        ({"seed": True}, "seed of the spec must be int"),
        ({"sets": []}, "at least one embedding set"),
        ({"sets": [{"embeddings": 3}]}, "objects of strings"),
        ({"sets": [{"folder": "x"}]}, "fields of SetSpec"),
        ({"sets": [{"embeddings": "x", "part": "split=test"}]}, "objects of strings"),
        ({"sets": [{"embeddings": "x", "fit_on_part": ["split=test"]}]}, "must come with fit_on"),
        ({"link": 3}, "link of the spec must be str"),
        ({"treatments": ["magic"]}, "treatments must be one of raw"),
        ({"treatments": [[]]}, "treatments of the spec must be strings"),
        ({"curriculum": {"speed": 1}}, "fields of CurriculumConfig"),
        ({"curriculum": {"start": "high"}}, "curriculum"),
        ({"captions": "some"}, "captions must be one of"),
    ],
)
def test_a_spec_that_is_wrong_is_one_sentence(spec, tmp_path, change, match):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps({**spec.as_dict(), **change}))
    with pytest.raises((DataError, ConfigError), match=match) as caught:
        read_spec(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[1, 2]", b"null", b"[" * 100_000, b"<html></html>"]
)
def test_a_file_that_is_no_spec_is_one_sentence(tmp_path, content):
    (tmp_path / "spec.json").write_bytes(content)
    with pytest.raises(DataError, match="spec must be"):
        read_spec(tmp_path / "spec.json")
    with pytest.raises(DataError, match="cannot be read"):
        read_spec(tmp_path / "nothing.json")


def test_a_set_that_is_too_small_to_halve_says_so():
    tiny = toy_set(1, rows=10, name="tiny")
    with pytest.raises(
        DataError,
        match=r"at least 16 pictures with captions, .* 2 parts .* got 10 in 10 groups .*give --fit-on SET",
    ):
        make_report(ReportSpec(sets=(SetSpec(embeddings="tiny"),)), opened={"tiny": tiny})

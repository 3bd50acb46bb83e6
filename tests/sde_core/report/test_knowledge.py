"""A report says what each band knows: shares of the library, names of directions, a person's own from the link."""

from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from sde_core.report import ReportSpec, SetSpec, make_report
from tests.sde_core.report.conftest import toy_set


@pytest.fixture(scope="module")
def known():
    rng = np.random.default_rng(5)
    made = toy_set(4, rows=400, name="kinds")
    kind = rng.integers(0, 3, 400)
    image = np.asarray(made.image).copy()
    image[:, 0] += 12 * kind
    return replace(
        made, image=image, metadata={"<b>kind": kind.astype(str), "row": np.arange(400).astype(str)}
    )


def test_shares_and_names_are_those_of_the_library(known):
    spec = ReportSpec(
        sets=(SetSpec(embeddings="kinds"),), n_resamples=50, treatments=("raw",), link="names=image+12+a+tail"
    )
    report = make_report(spec, opened={"kinds": known})
    facts = report.content["sets"][0]["knowledge"]["image"]
    expected = sde.band_knowledge(known, side="image")
    [column] = facts["columns"]
    assert column["name"] == "<b>kind"
    assert column["shares"] == expected.shares()["<b>kind"]
    assert [silent["name"] for silent in facts["silent"]] == ["row"]
    names = {each["direction"]: each["name"] for each in facts["names"]}
    assert names[1] == str(sde.direction_names(expected)[0])
    assert names[12] == "a tail"
    page = report.html()
    assert 'id="knowledge"' in page
    assert 'href="#knowledge"' in page
    assert "&lt;b&gt;kind" in page
    assert "<b>kind" not in page.split("<body")[1].split('<script type="application/json"')[0]


def test_a_set_without_columns_has_no_such_section(report):
    assert report.content["sets"][0]["knowledge"] == {}
    assert 'id="knowledge"' not in report.html()
    assert 'href="#knowledge"' not in report.html()

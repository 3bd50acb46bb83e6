"""The table of docs/atlas.md is the one of the page that is kept."""

from benchmarks.packaged_atlas import PAGE, filled, numbers


def test_the_table_is_that_of_the_page():
    page, told = PAGE.read_text("utf-8"), numbers()
    assert filled(page, told) == page
    assert {one["name"] for one in told["readings"]} > {"bundled"}
    assert not told["failures"]
    some = told["readings"][0]["modalities"]["image"]
    other = {**told, "readings": [{**told["readings"][0], "modalities": {"image": {**some, "n_samples": 1}}}]}
    assert filled(page, other) != page

import re
from dataclasses import asdict, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sde_core.checks.settings import Range
from sde_explorer.state import (
    DEFAULT,
    RANGES,
    State,
    choices,
    left_out,
    link_of,
    linked_values,
    read_state,
    selections,
    wild_parameters,
)
from sde_explorer.url_values import Numbers, numbers_as_text, wrong_number

RULES = ("mp-iqr", "energy")
STATES = st.builds(
    State,
    data=st.text(min_size=1),
    encoder=st.text(min_size=1),
    part=st.lists(st.text(min_size=1), unique=True).map(tuple),
    center=st.sampled_from(choices("center")),
    rule=st.sampled_from(RULES),
    noise=st.floats(*RANGES["noise"]),
    strong=st.floats(*RANGES["noise"]),
    show=st.sampled_from(choices("show")),
    unit=st.sampled_from(choices("unit")),
    xscale=st.sampled_from(choices("xscale")),
    yscale=st.sampled_from(choices("yscale")),
    spectra=st.sampled_from(choices("spectra")),
    batch=st.integers(0, 100_000_000),
    seed=st.integers(0, 9_999),
    overlay=st.sampled_from(choices("overlay")),
    section=st.sampled_from(choices("section")),
    transform=st.sampled_from(choices("transform")),
    t=st.floats(*RANGES["t"]),
    rho=st.floats(*RANGES["rho"]),
    alpha_start=st.floats(*RANGES["alpha_start"]),
    alpha_end=st.floats(*RANGES["alpha_end"]),
    schedule=st.sampled_from(choices("schedule")),
    warmup=st.floats(*RANGES["warmup"]),
    strong_mode=st.sampled_from(choices("strong_mode")),
    basis=st.sampled_from(choices("basis")),
    direction=st.integers(*map(int, RANGES["direction"])),
    pairs=st.sampled_from(choices("pairs")),
    map=st.sampled_from(choices("map")),
    map_of=st.sampled_from(choices("map_of")),
    map_colour=st.text(min_size=1),
    map_points=st.sampled_from(choices("map_points")),
    recall_metric=st.sampled_from(choices("recall_metric")),
    recall_captions=st.sampled_from(choices("recall_captions")),
    recall_row=st.text(min_size=1),
    recall_way=st.sampled_from(choices("recall_way")),
    tour=st.integers(*map(int, RANGES["tour"])),
    rows=st.sets(st.integers(0, 99_999_999), max_size=9).map(lambda rows: tuple(sorted(rows))),
)


@given(STATES)
def test_a_state_comes_back_from_its_fields(state):
    assert read_state(asdict(state)) == state
    assert read_state(asdict(state) | {"part": list(state.part)}) == state  # as a widget holds it


@given(STATES)
def test_a_state_comes_back_from_its_link(state):
    link = link_of(state)
    assert wild_parameters(link, RULES) == []
    assert read_state(linked_values(link, RULES)) == state


def test_a_link_holds_only_what_is_special():
    assert link_of(DEFAULT) == {}
    assert link_of(State(part=("split=test", "split=val"), noise=0.5)) == {
        "part": ["split=test", "split=val"],
        "noise": ["0.5"],
    }


def test_an_address_says_that_all_of_a_set_is_meant():
    assert linked_values({"part": ["all"]}, RULES) == {"part": ()}
    assert linked_values({"part": ["all", "split=val"]}, RULES) == {"part": ("all", "split=val")}


@given(st.dictionaries(st.sampled_from([f.name for f in fields(State)]), st.lists(st.text())))
def test_no_link_breaks_the_reader(link):
    for sentence in wild_parameters(link, RULES):
        assert sentence.startswith("`")
    state = read_state(linked_values(link, RULES))
    for name, (low, high) in RANGES.items():
        assert low <= getattr(state, name) <= high
    assert state.rule in RULES
    assert state.unit in choices("unit")


def test_a_refusal_says_what_may_stand_there():
    (choice,) = wild_parameters({"unit": ["metres"]}, RULES)
    assert choice == f"`unit` must be one of {', '.join(choices('unit'))}; the link says 'metres'."
    (number,) = wild_parameters({"noise": ["-1"]}, RULES)
    low, high = RANGES["noise"]
    assert number == f"`noise` must be a number from {low:g} to {high:g}; the link says '-1'."


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0", "1e9", "", "1,5", "<script>"])
def test_a_wild_number_is_refused(value):
    for name in ("noise", "rho"):
        assert len(wild_parameters({name: [value]}, RULES)) == 1
        assert linked_values({name: [value]}, RULES) == {}


def test_what_is_missing_is_the_default_and_what_is_strange_is_ignored():
    assert read_state({"stranger": 1, "noise": None}) == DEFAULT
    assert State(show="image").modalities == ("image",)
    assert not DEFAULT.is_moved


ROWS = st.sets(st.integers(0, 99_999_999), max_size=200) | st.integers(0, 5_000).map(range).map(set)


@given(ROWS)
def test_a_selection_comes_back_from_its_text(rows):
    text = numbers_as_text(rows)
    assert Numbers().read(text) == tuple(sorted(rows))
    assert re.fullmatch(r"[0-9a-z.-]*", text)  # nothing that an address would escape


@given(st.text(alphabet="0123456789abcxyz.-ABC ,") | st.text())
def test_no_text_breaks_the_reader_of_a_selection(text):
    numbers = Numbers(most=50, highest=1_000)
    if numbers.wrong(text):
        return
    found = numbers.read(text)
    assert len(found) <= 50
    assert list(found) == sorted(set(found))
    assert not found or 0 <= found[0] <= found[-1] <= 1_000


@pytest.mark.parametrize("text", ["0-zzzzzz", "zzzzzz", "1-", ".", "0..1", "1-2-3", "A", "-1", "0-1e.0"])
def test_a_wild_selection_is_refused(text):
    assert "must be a selection" in Numbers(most=50, highest=1_000).wrong(text)


@pytest.mark.parametrize(
    ("text", "whole", "good"),
    [("3", True, True), ("3.0", True, False), ("3.0", False, True), ("nan", False, False), ("", True, False)],
)
def test_a_number_of_the_link_lies_in_its_range(text, whole, good):
    assert (wrong_number(text, Range(0, 5), whole=whole) == "") == good


def test_a_long_wild_value_is_cut_in_its_sentence():
    (sentence,) = wild_parameters({"noise": ["x" * 10_000]}, RULES)
    assert len(sentence) < 200


def test_a_selection_that_is_too_long_for_a_link_stays_out_and_is_named():
    scattered = State(rows=tuple(range(0, 90_000, 31)))
    assert "rows" not in link_of(scattered)
    (sentence,) = left_out(scattered)
    assert "2,904 numbers" in sentence
    whole = State(rows=tuple(range(90_000)))
    assert link_of(whole) == {"rows": ["0-1xfz"]}
    assert left_out(whole) == left_out(DEFAULT) == []


def test_other_data_empties_what_counted_its_rows():
    assert selections() == {"followed": (), "rows": ()}


def test_a_text_that_is_too_long_for_a_link_stays_out_and_is_named():
    long = replace(DEFAULT, query="\N{CJK UNIFIED IDEOGRAPH-5FC3}" * 300)  # nine letters each in an address
    assert link_of(long) == {}
    (sentence,) = left_out(long)
    assert sentence.startswith("`query` holds 300 characters")
    assert link_of(replace(DEFAULT, query="a & b")) == {"query": ["a & b"]}

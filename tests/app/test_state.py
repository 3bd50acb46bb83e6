from dataclasses import asdict, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.state import (
    DEFAULT,
    RANGES,
    State,
    choices,
    link_of,
    linked_values,
    read_state,
    wild_parameters,
)

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
    transform=st.sampled_from(choices("transform")),
    t=st.floats(*RANGES["t"]),
    rho=st.floats(*RANGES["rho"]),
    alpha_start=st.floats(*RANGES["alpha_start"]),
    alpha_end=st.floats(*RANGES["alpha_end"]),
    schedule=st.sampled_from(choices("schedule")),
    warmup=st.floats(*RANGES["warmup"]),
    strong_mode=st.sampled_from(choices("strong_mode")),
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


@given(st.dictionaries(st.sampled_from([f.name for f in fields(State)]), st.lists(st.text())))
def test_no_link_breaks_the_reader(link):
    for sentence in wild_parameters(link, RULES):
        assert sentence.startswith("`")
    state = read_state(linked_values(link, RULES))
    for name, (low, high) in RANGES.items():
        assert low <= getattr(state, name) <= high
    assert state.rule in RULES
    assert state.unit in choices("unit")


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0", "1e9", "", "1,5", "<script>"])
def test_a_wild_number_is_refused(value):
    for name in ("noise", "rho"):
        assert len(wild_parameters({name: [value]}, RULES)) == 1
        assert linked_values({name: [value]}, RULES) == {}


def test_what_is_missing_is_the_default_and_what_is_strange_is_ignored():
    assert read_state({"other": 1, "noise": None}) == DEFAULT
    assert State(show="image").modalities == ("image",)
    assert not DEFAULT.is_moved

from dataclasses import asdict, fields

from hypothesis import given
from hypothesis import strategies as st

from app.state import DEFAULT, FACTOR_RANGE, State, read_state, wild_parameters

RULES = ("mp-iqr", "energy")
STATES = st.builds(
    State,
    data=st.text(min_size=1),
    split=st.text(min_size=1),
    center=st.sampled_from(["mean", "none"]),
    rule=st.sampled_from(RULES),
    noise=st.floats(*FACTOR_RANGE),
    strong=st.floats(*FACTOR_RANGE),
    show=st.sampled_from(["both", "image", "text"]),
    logx=st.booleans(),
    logy=st.booleans(),
)


@given(STATES)
def test_a_state_comes_back_from_its_fields(state):
    assert read_state(asdict(state)) == state


@given(STATES)
def test_what_widgets_write_into_the_link_is_never_called_wild(state):
    link = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in asdict(state).items()}
    assert wild_parameters(link, RULES) == []


@given(st.dictionaries(st.sampled_from([f.name for f in fields(State)]), st.text()))
def test_no_link_breaks_the_reader(link):
    for sentence in wild_parameters(link, RULES):
        assert sentence.startswith("`")
    assert read_state({}) == DEFAULT


def test_what_is_missing_is_the_default_and_what_is_strange_is_ignored():
    assert read_state({"other": 1, "noise": None}) == DEFAULT
    assert State(show="image").modalities == ("image",)
    assert not DEFAULT.is_moved

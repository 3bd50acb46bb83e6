import pytest

from sde_explorer.ahead import look_ahead
from sde_explorer.readings.cached import background
from sde_explorer.serving import log


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(log, "tell", lambda what, **said: told.append((what, said)))
        look_ahead()
    assert not [said for what, said in told if what == "ahead"]
    return _keys()


def _keys() -> set[str]:
    return {job.key for job in background._figures.all() if job.status == "done"}


def test_work_that_no_session_asked_for_has_no_follower():
    job = background.in_background("a slot", "asked for ahead", "Nothing", lambda _: 1)
    assert background.result_of(job) == 1
    assert not job.watchers


@pytest.mark.parametrize(
    ("view", "kinds"),
    [
        ("overview", ("headline/",)),
        ("spectrum", ("chance/",)),
        ("subspaces", ("knowledge/metadata/",)),
        ("retrieval", ("recall/raw/", "recall/treated/")),
    ],
)
def test_a_view_of_the_bundled_set_finds_what_was_computed_ahead(open_page, computed, view, kinds):
    at = open_page(view)
    assert not at.exception
    asked = {f.job.key for f in at.session_state["followed_jobs"].values()}
    for kind in kinds:
        mine = {key for key in asked if key.startswith(kind)}
        assert mine
        assert mine <= computed

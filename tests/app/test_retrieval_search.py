"""The search of the Retrieval view: what it shows, from the link, with what is bad, and the numbers behind it."""


def test_the_view_opens_with_an_empty_search(open_page, spiked_folder):
    at = open_page("retrieval", data=str(spiked_folder))
    assert not at.exception
    assert not at.error
    assert not at.warning
    assert at.segmented_control(key="after_pick").value == "enhanced"
    at.segmented_control(key="after_pick").set_value("pruned").run()
    assert at.session_state["transform"] == "pruned"
    assert at.slider(key="t_pick").disabled

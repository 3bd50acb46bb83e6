"""The Data view says what `sde check` says."""

from sde_core.embedding_formats import open_embeddings
from sde_core.report.inspection import KINDS, check_path, odd_of_vectors


def test_the_page_shows_what_is_odd_by_vectors_and_on_demand_by_pictures(open_page):
    at = open_page("data", data="clipart", part="split=val", data_part="What is odd")
    assert not at.exception
    wanted = odd_of_vectors(open_embeddings("clipart/val"))
    shown = [each.label for each in at.expander]
    assert all(f"**{odd.count:,}** {KINDS[odd.kind]}" in shown for odd in wanted)
    at.button(key="check_look").click().run()
    assert not at.exception
    shown = [each.label for each in at.expander]
    assert all(f"**{odd.count:,}** {KINDS[odd.kind]}" in shown for odd in check_path("clipart").odd)

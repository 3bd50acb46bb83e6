"""What other packages compute under a name is in the hover text; `tests/clients/test_elsewhere.py` runs them."""

from sde_core.glossary import TERMS
from sde_core.glossary.elsewhere import ELSEWHERE, OURS


def test_every_line_names_a_measure_of_ours_and_is_in_its_hover_text():
    assert set(OURS) <= set(TERMS)
    for each in ELSEWHERE:
        assert each.measure in OURS
        assert f"{each.package} {each.name}: {each.says}" in TERMS[each.measure].help

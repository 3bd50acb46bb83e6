"""What axe-core finds in a page of the dashboard."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

OURS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]},
    "resultTypes": ["violations"],  # it writes no selectors of what is as it should be
}
STREAMLIT = {
    # Controls that are switched off are exempt; axe does not see it where the label hides behind aria-hidden.
    "color-contrast": ('span[aria-hidden="true"] > ',),
}
"""Rule, and parts of selectors, of what is Streamlit's own and cannot be changed from here."""


def broken(page: Page, part: str | None = None) -> list[str]:
    """Return what axe calls serious or critical and what is left out in the headings, a line each.

    Args:
        page: as it stands.
        part: selector of what alone is looked at; None takes the whole page.
    """
    found = Axe().run(page, context=part, options=OURS).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['html'][:120]}"
        for rule in found
        if rule["impact"] in ("serious", "critical") or rule["id"] == "heading-order"
        for node in rule["nodes"]
        if not any(part in str(node["target"]) for part in STREAMLIT.get(rule["id"], ()))
    ]

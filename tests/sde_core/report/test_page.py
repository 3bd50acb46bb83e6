import json
import math
import re
from dataclasses import replace
from html import escape, unescape
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from sde_core.glossary.formats import percent, signed
from sde_core.report import figures, make_report, palette
from sde_core.report.svg import Figure, Scale


class _Tags(HTMLParser):
    """Counts elements; a wrong nesting of ours would close more than was opened."""

    _VOID = frozenset({"meta", "br", "img", "link", "input"})

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.ids, self.links, self.attributes = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs
        named = dict(attrs)
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "a":
            self.links.append(named["href"])
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def parsed(report):
    tags = _Tags()
    tags.feed(report.html())
    return tags


def test_the_page_is_whole_and_its_links_lead_somewhere(parsed):
    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {link.removeprefix("#") for link in parsed.links} <= set(parsed.ids)
    assert parsed.seen.count("svg") == 10


def test_names_and_captions_are_text_and_never_markup(parsed, report):
    page = report.html()
    assert "alert(" in page  # they are there
    assert "<img" not in page
    assert "<b>nasty" not in page
    assert page.count("<script") == page.count("</script>") == 3
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    spec, content = re.findall(
        r'<script type="application/json" id="sde-\w+">(.*?)</script>', page, re.DOTALL
    )
    assert json.loads(spec)["title"] == "A <title> & more"
    changes = json.loads(content)["sets"][0]["retrieval"]["changes"]
    assert any("</script>" in q["caption"] for c in changes for q in (*c["won"], *c["lost"]))


def test_nothing_is_fetched(parsed, report):
    page = report.html()
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in unescape(page)


def test_every_figure_has_words_for_those_who_do_not_see_it(report):
    drawings = re.findall(r"<svg.*?</svg>", report.html(), re.DOTALL)
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)  # well-formed
        assert root.get("role") == "img"
        assert len(root.get("aria-label")) > 30
        assert "nan" not in drawing.replace("Kantorovich", "")


def test_colours_are_those_of_the_dashboard():
    import tomllib
    from pathlib import Path

    config = Path(__file__).resolve().parents[3] / "app/.streamlit/config.toml"
    themes = tomllib.loads(config.read_text())["theme"]
    names = {"page": "background", "panel": "secondaryBackground", "ink": "text", "accent": "primary"}
    names |= {"strong-text": "greenText", "weak-text": "orangeText", "noise-text": "grayText"}
    names |= {"image-text": "blueText", "text-text": "violetText"}
    for name, theme in (("light", palette.LIGHT), ("dark", palette.DARK)):
        for ours, theirs in names.items():
            assert theme[ours] == themes[name][f"{theirs}Color"], (name, ours)
        assert theme["border"] == themes[name]["borderColor"]


def test_scales_map_their_ends_and_round_their_ticks():
    linear = Scale(domain=(0, 97), pixels=(10, 110))
    assert (linear(0), linear(97), linear(-5), linear(48.5)) == (10, 110, 10, 60)
    assert linear.ticks() == [0, 20, 40, 60, 80]
    log = Scale(domain=(0.3, 40), pixels=(0, 100), kind="log")
    assert log(math.sqrt(0.3 * 40)) == pytest.approx(50)
    assert log.ticks() == pytest.approx([0.5, 1, 2, 5, 10, 20])
    assert Scale(domain=(1e-5, 2e3), pixels=(0, 1), kind="log").ticks() == pytest.approx(
        [10.0**k for k in range(-5, 4)]
    )
    assert Scale(domain=(2, 2), pixels=(0, 10))(2) == 5


def test_texts_in_figures_are_escaped():
    scale = Scale(domain=(0, 1), pixels=(0, 10))
    figure = Figure(width=10, height=10, x=scale, y=scale, alt='<a "alt">')
    figure.text(1, 1, "<script>")
    figure.point(0.5, 0.5, "image", '"><script>')
    root = ElementTree.fromstring(figure.svg())
    assert root.get("aria-label") == '<a "alt">'
    assert [child.tag for child in root] == ["text", "circle"]
    assert root[1].get("data-tip") == '"><script>'


def test_spectra_without_anything_to_draw_are_left_out():
    nothing = {"singular_values": [], "labels": [], "shuffled": [0.0], "bulk": None, "gains": {"0.0": []}}
    assert figures.spectrum_figure("image", nothing) == ""
    assert figures.bulk_figure("image", nothing) == ""
    assert figures.cumulative_figure({"image": nothing}) == ""
    assert figures.gains_figure("image", nothing) == ""
    assert figures.forest_figure([{"treatment": "raw"}], "text_retrieval", "x") == ""


def test_numbers_as_people_read_them():
    assert [percent(x).replace("\u00a0", " ") for x in (0.0, 0.0001, 0.012, 0.0996, 0.5)] == [
        "0 %", "< 0.1 %", "1.2 %", "10 %", "50 %",
    ]  # fmt: skip
    assert (signed(-0.04), signed(1.0)) == ("+0.0", "+1.0")


def test_remarks_of_a_set_stand_beside_its_facts(spec, opened):
    remark = "The vectors are not those of <b>x</b>: 8 pictures (cosine 0.330) encoded again; other model: nothing."
    told = make_report(spec, opened=opened | {"test": replace(opened["test"], remarks=(remark,))})
    assert told.content["sets"][0]["remarks"] == [remark]
    assert escape(remark) in told.html()

"""docs/results.md: prose by hand, tables and pictures from the results, between markers."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.evidence import plots, tables
from benchmarks.evidence.analysis import Analysis
from benchmarks.evidence.fifth_report import fifth_figure, fifth_sections
from benchmarks.evidence.plan import (
    FOURTH_PART_SEEDS,
    LAST_BLOCK,
    MAIN,
    SECOND,
    SECOND_PART_SEEDS,
    THIRD_PART_SEEDS,
)
from benchmarks.evidence.preset import fields_of, from_scratch, recommendation
from benchmarks.evidence.results import FOLDER, finals, read, winners
from benchmarks.evidence.sensitivity import measured
from benchmarks.training_run import write

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/results.md"
IMAGES = ROOT / "docs/images"
FIRST_PARTS = ("id", "style", "other")
WORSE_PICTURES = tuple(
    f"corrupt-{name}" for name in ("noise", "blur", "low-resolution", "low-contrast", "grey", "occlusion")
)
WORSE_WORDS = ("captions-typing", "captions-dropped", "zero-emoji", "zero-clipart")


def analyse(folder: Path = FOLDER) -> str:
    """Compute every comparison from the final runs, keep them in statistics.json, and return how many."""
    from benchmarks.evidence.corpus import Corpus

    corpus = Corpus.bundled()
    found = Analysis(finals(folder=folder), corpus).everything()
    found["second_part"] = Analysis(finals(SECOND_PART_SEEDS, folder), corpus).second_part()
    found["third_part"] = Analysis(finals(THIRD_PART_SEEDS, folder), corpus).third_part()
    found["fourth_part"] = Analysis(finals(FOURTH_PART_SEEDS, folder), corpus).fourth_part()
    text = json.dumps(found, default=list)
    (folder / "statistics.json").write_text(_short(text) + "\n", "utf-8")
    return f"{len(found['primary'])} primary comparisons, {len(found['tables'])} tables."


def sections(folder: Path = FOLDER) -> dict[str, str]:
    """Return the tables of the page by the name in their markers."""
    found, facts = read("statistics", folder), read("facts", folder)
    every, methods, second, third = (
        found["tables"],
        finals(folder=folder),
        found["second_part"],
        found["third_part"],
    )
    tuned, tries = winners(folder=folder), read("tune", folder)
    made = {
        "facts": tables.facts_line(facts),
        "primary": tables.pairs_table(found["primary"]),
        "exploratory": tables.pairs_table(found["exploratory"]),
        "styles": tables.regime_table(every, "styles", MAIN, FIRST_PARTS),
        "other": tables.recall_table(every, "styles", MAIN, "other"),
        "worse": tables.regime_table(every, "styles", MAIN, WORSE_PICTURES),
        "words": tables.regime_table(every, "styles", MAIN, WORSE_WORDS),
        "post-hoc": tables.regime_table(found["post_hoc"], "styles", MAIN, FIRST_PARTS),
        "spectra": tables.spectrum_table(methods["styles", MAIN]),
        "knobs": tables.knobs_table(tuned, tries),
        "preset": fields_of(
            recommendation(third, winners(4, folder)), from_scratch(third, winners(4, folder))
        ),
        "later": tables.pairs_table(second["pairs"]),
        "variants": tables.regime_table(second["tables"], "styles", MAIN, FIRST_PARTS),
        "last": tables.pairs_table(third["pairs"]),
        "heads": tables.pairs_table(third["heads"]),
        "last-block": tables.pairs_table(found["fourth_part"]["pairs"]),
        "last-block-scores": tables.regime_table(
            found["fourth_part"]["tables"], LAST_BLOCK, MAIN, FIRST_PARTS
        ),
        "last-styles": tables.regime_table(third["tables"], "styles", MAIN, FIRST_PARTS),
        "last-other": tables.recall_table(third["tables"], "styles", MAIN, "other"),
        "last-worse": tables.regime_table(third["tables"], "styles", MAIN, WORSE_PICTURES),
        "last-words": tables.regime_table(third["tables"], "styles", MAIN, WORSE_WORDS),
        "later-knobs": tables.knobs_table(winners(4, folder), tries),
        "last-spectra": tables.spectrum_table(finals(THIRD_PART_SEEDS, folder)["styles", MAIN]),
    }
    for name, key, parts in (
        ("second", ("styles", SECOND), FIRST_PARTS),
        ("finetune", ("finetune", "bundled"), ("id", *WORSE_PICTURES)),
        ("pairs-500", ("pairs-500", MAIN), ("id",)),
        ("pairs-1500", ("pairs-1500", MAIN), ("id",)),
        ("pairs-5000", ("pairs-5000", MAIN), ("id",)),
    ):
        if key in methods:
            made[name] = (
                tables.recall_table(every, *key, "id")
                if len(parts) == 1
                else tables.regime_table(every, *key, parts)
            )
    return made | fifth_sections(folder)


def write_report(folder: Path = FOLDER, page: Path = PAGE, images: Path = IMAGES) -> str:
    """Write tables into the page and pictures beside it; return what was written."""
    made = sections(folder)
    text = filled(page.read_text("utf-8"), made)
    page.write_text(text, "utf-8")
    for name, figure in _figures(folder).items():
        write(figure, images / f"results-{name}.svg")
    return f"{page}: {len(made)} tables."


def filled(text: str, made: Mapping[str, str]) -> str:
    """Return the page with each marked section replaced."""
    for name, section in made.items():
        marked = re.compile(rf"(<!-- evidence {name} -->\n).*?(<!-- /evidence -->)", re.DOTALL)
        text = marked.sub(lambda m, section=section: f"{m[1]}{section}\n{m[2]}", text)
    return text


def _figures(folder: Path) -> dict[str, Any]:
    found = read("statistics", folder)
    made = {"differences": plots.differences(found["tables"], FIRST_PARTS)}
    made["replications"] = plots.replications(found["second_part"]["pairs"], found["third_part"]["pairs"])
    best = {
        t["method"]: t["knobs"]
        for t in winners(folder=folder)
        if (t["regime"], t["towers"]) == ("styles", MAIN)
    }
    # A search that moves one knob at a time is a sensitivity plot of its own, if a sparse one.
    searches = [t for t in read("tune", folder) if (t["regime"], t["towers"]) == ("styles", MAIN)]
    knobs = measured([*searches, *read("sensitivity", folder)], best)
    if knobs:
        made["sensitivity"] = plots.sensitivity(knobs)
    fifth = fifth_figure(folder)
    return made | ({"fifth": fifth} if fifth else {})


def _short(text: str) -> str:
    """Return JSON with five digits a number: nothing finer is in the data."""
    return re.sub(r"-?\d+\.\d{6,}(e-?\d+)?", lambda m: f"{float(m[0]):.5g}", text)

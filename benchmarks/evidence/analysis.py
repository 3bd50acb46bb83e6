"""Every comparison that the protocol names, computed from the final runs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np

from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.evaluation import Hits
from benchmarks.evidence.plan import CANDIDATES, LAST_BLOCK, MAIN, SECOND, VARIANTS
from benchmarks.evidence.quick import clusters_of
from benchmarks.evidence.regimes import regime
from benchmarks.evidence.statistics import difference, holm
from benchmarks.evidence.store import Cell
from sde_core.retrieval.links import Ints

Finals = Mapping[tuple[str, str], Mapping[str, Sequence[Cell]]]

BASELINE = "infonce"
PRIMARY = {
    "P1": ("contrast", BASELINE, "styles", MAIN, "other"),
    "P2": ("contrast", "contrast-raw", "styles", MAIN, "other"),
    "P3": ("contrast", BASELINE, "pairs-1500", MAIN, "id"),
    "P4": ("sde", BASELINE, "styles", MAIN, "id"),
    "P5": ("sde", BASELINE, "styles", MAIN, "other"),
    "P6": ("contrast", BASELINE, "styles", SECOND, "other"),
    "P7": ("contrast", BASELINE, "finetune", "bundled", "id"),
}
"""Name -> method, against, regime, towers, test part: PROTOCOL.md."""
EXPLORATORY = {
    f"E{i}": ("contrast-no-dropout", "infonce-no-dropout", "styles", MAIN, part)
    for i, part in enumerate(("id", "style", "other"), start=1)
}
"""The same of what was added later to explain, a family of its own."""


PLACES = {
    "W1": ("styles", MAIN, "other"),
    "W2": ("styles", MAIN, "id"),
    "W3": ("styles", MAIN, "style"),
    "W4": ("pairs-1500", MAIN, "id"),
    "W5": ("styles", SECOND, "other"),
    "W6": ("finetune", "bundled", "id"),
    "W7": ("pairs-500", MAIN, "id"),
    "W8": ("pairs-5000", MAIN, "id"),
}
"""Where the second and the third part compare with InfoNCE."""
INITIALS = {"components-barlow": "B", "whitened-both": "V"}
"""Candidate of the third part -> the letter of its comparisons."""


def validation(runs: Finals) -> dict[str, float]:
    """Return the mean validation score of the final runs in `styles`, main towers, by method."""
    return {m: sum(r["val"] for r in some) / len(some) for m, some in runs["styles", MAIN].items()}


class Analysis:
    """Differences between the final runs.

    Args:
        finals: by (regime, towers) and method, seeds in order.
        corpus: for what is drawn again together.
    """

    def __init__(self, finals: Finals, corpus: Corpus) -> None:
        self.finals, self.corpus = finals, corpus
        self._clusters = cache(self._clusters_of)

    def everything(self) -> dict[str, Any]:
        """Return the primary comparisons, a table for each regime and test part, and the post-hoc baselines."""
        pairs = {"primary": self.pairs(PRIMARY), "exploratory": self.pairs(EXPLORATORY)}
        return {**pairs, "tables": self.tables(), "post_hoc": self.post_hoc()}

    def second_part(self) -> dict[str, Any]:
        """Return what the second part chose on validation, its comparisons, and a table for each test part."""
        scores = validation(self.finals)
        choice = max((m for m in VARIANTS if m in scores), key=lambda m: scores[m])
        family = {name: (choice, BASELINE, *where) for name, where in PLACES.items()}
        return {"choice": choice, "pairs": self.pairs(family), "tables": self.tables()}

    def third_part(self) -> dict[str, Any]:
        """Return the third part: its candidates against InfoNCE, against each other, and a table for each part."""
        family = {
            name.replace("W", INITIALS[method]): (method, BASELINE, *where)
            for method in CANDIDATES
            for name, where in PLACES.items()
        }
        heads = {
            name.replace("W", "H"): ("components-barlow", "whitened-both", *where)
            for name, where in PLACES.items()
        }
        return {
            "pairs": self.pairs(family),
            "heads": self.pairs(heads),
            "tables": self.tables(),
            "validation": validation(self.finals),
        }

    def fourth_part(self) -> dict[str, Any]:
        """Return the fourth part's comparisons and a table for each test part."""
        found = [(m, part) for m in ("whitened-both", "sde", "contrast") for part in ("id", "style", "other")]
        family = {
            f"L{i}": (method, BASELINE, LAST_BLOCK, MAIN, part)
            for i, (method, part) in enumerate(found, start=1)
        }
        return {"pairs": self.pairs(family), "tables": self.tables()}

    def pairs(self, family: Mapping[str, tuple[str, str, str, str, str]]) -> list[dict[str, Any]]:
        """Return the comparisons of a family that have run, corrected together."""
        found = []
        for name, (method, against, data, towers, part) in family.items():
            runs = self.finals.get((data, towers), {})
            if method in runs and against in runs:
                row = self._compared(data, part, _hits(runs[method], part), _hits(runs[against], part))
                found.append({"name": name, "method": method, "against": against, "regime": data, **row})
                found[-1] |= {"towers": towers, "part": part}
        return _corrected(found)

    def tables(self) -> list[dict[str, Any]]:
        """Return a family of comparisons with InfoNCE for each regime, towers and test part."""
        found = []
        for (data, towers), runs in self.finals.items():
            for part in runs[BASELINE][0]["parts"]:
                plain = _hits(runs[BASELINE], part)
                hits = {method: _hits(some, part) for method, some in runs.items()}
                rows = self._rows(data, part, hits, plain)
                found.append({"regime": data, "towers": towers, "part": part, "rows": rows})
        return found

    def post_hoc(self) -> list[dict[str, Any]]:
        """Return post-hoc baselines on InfoNCE against InfoNCE as it is."""
        found = []
        for (data, towers), runs in self.finals.items():
            some = runs[BASELINE]
            if "post_hoc" not in some[0]:
                continue
            for part in next(iter(some[0]["post_hoc"].values())):
                plain = _hits(some, part)
                hits = {BASELINE: plain}
                for name in some[0]["post_hoc"]:
                    hits[name] = [Hits.unpacked(run["post_hoc"][name][part]) for run in some]
                rows = self._rows(data, part, hits, plain)
                found.append({"regime": data, "towers": towers, "part": part, "rows": rows})
        return found

    def _rows(
        self, data: str, part: str, hits: Mapping[str, list[Hits]], plain: list[Hits]
    ) -> list[dict[str, Any]]:
        rows = [
            {"method": method, **self._compared(data, part, some, plain)} for method, some in hits.items()
        ]
        first = [row for row in rows if row["method"] == BASELINE]
        return first + _corrected([row for row in rows if row["method"] != BASELINE])

    def _compared(self, data: str, part: str, first: list[Hits], second: list[Hits]) -> dict[str, Any]:
        found: dict[str, Any] = {"score": 100 * float(np.mean([h.score for h in first]))}
        for k in (1, 10):
            found[f"recall@{k}"] = (100 * np.mean([h.recall(k) for h in first], axis=0)).tolist()
        if first is not second:
            found |= asdict(difference(first, second, self._clusters(data, part)))
        return found

    def _clusters_of(self, data: str, part: str) -> tuple[Ints, Ints]:
        name = "styles" if data == LAST_BLOCK else data
        return clusters_of(self.corpus, regime(self.corpus, name).tests[part])


def _hits(runs: Sequence[Cell], part: str) -> list[Hits]:
    return [Hits.unpacked(run["parts"][part]) for run in runs]


def _corrected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of one family with Holm's p-values beside the plain ones."""
    corrected = holm({str(i): row["p"] for i, row in enumerate(rows)})
    return [{**row, "holm": corrected[str(i)]} for i, row in enumerate(rows)]

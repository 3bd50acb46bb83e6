"""What came of each mutant, kept in a file of lines; and the mutants that may live, with the reason."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.mutants.drawn import Mutant, drawn

REVIEWED = Path(__file__).with_name("reviewed.json")


class Store:
    """Results by mutant; one counts as long as its module, and for one that lived its tests, are the same.

    Args:
        folder: of the file.
        root: of the checkout.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.root = folder, root
        self._file = folder / "results.jsonl"
        self.asked: dict[str, list[Mutant]] = {}
        self._kept: dict[tuple[str, str, int], dict[str, Any]] = {}
        self.read()
        self.reviewed = {
            (one["module"], one["line"], after): one["why"]
            for one in json.loads(REVIEWED.read_text("utf-8"))
            for after in one["changes"]
        }

    def read(self) -> None:
        """Take in what other processes have added to the file."""
        for line in self._file.read_text("utf-8").splitlines() if self._file.exists() else ():
            self._keep(json.loads(line))

    def _keep(self, one: dict[str, Any]) -> None:
        self._kept[one["path"], one["operator"], one["occurrence"]] = one

    def found(self, mutant: Mutant, tests: str) -> bool | None:
        """Return whether a mutant was found by a test, None where it must be tried (again)."""
        one = self._kept.get((mutant.path, mutant.operator, mutant.occurrence))
        if one is None or one["module"] != self.digest(mutant.path):
            return None
        is_known = one["found"] or one["tests"] == tests or self.reason(mutant) is not None
        return bool(one["found"]) if is_known else None

    def drawn(self, file: Path, seed: int, at_most: int) -> list[Mutant]:
        """Return `drawn`, kept as long as the file is the same."""
        path = str(file.relative_to(self.root))
        key = f"{path} {self.digest(path)} {seed} {at_most}"
        kept = self.folder / "drawn.json"
        known = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
        if key not in known:
            known[key] = [asdict(one) for one in drawn(file, self.root, seed, at_most)]
            kept.write_text(json.dumps(known))
        return [Mutant(**one | {"lines": tuple(one["lines"])}) for one in known[key]]

    def add(self, mutant: Mutant, found: bool, tests: str) -> None:
        """Keep what came of a mutant."""
        one = {
            "path": mutant.path, "operator": mutant.operator, "occurrence": mutant.occurrence, "found": found,
            "module": self.digest(mutant.path), "tests": tests,
        }  # fmt: skip
        self._keep(one)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(one) + "\n")

    def digest(self, *paths: str) -> str:
        """Return a digest of files."""
        hashed = hashlib.sha256()
        for path in paths:
            hashed.update((self.root / path).read_bytes())
        return hashed.hexdigest()[:16]

    def reason(self, mutant: Mutant) -> str | None:
        """Return why a mutant may live."""
        return self.reviewed.get((mutant.path, mutant.before, mutant.after))

    def _rows(self) -> dict[str, list[tuple[Mutant, bool | None]]]:
        rows: dict[str, list[tuple[Mutant, bool | None]]] = {}
        for mutants in self.asked.values():
            for mutant in mutants:
                one = self._kept.get((mutant.path, mutant.operator, mutant.occurrence))
                same = one is not None and one["module"] == self.digest(mutant.path)
                rows.setdefault(mutant.path, []).append(
                    (mutant, bool(one["found"]) if one and same else None)
                )
        return rows

    def share(self) -> float:
        """Return the share of the tried mutants that a test found or a person reviewed."""
        tried = [(m, found) for row in self._rows().values() for m, found in row if found is not None]
        return sum(found or self.reason(m) is not None for m, found in tried) / max(len(tried), 1)

    def table(self) -> str:
        """Return one line a room, the mutants that live below."""
        lines = ["| room | mutants | found | reviewed | live |", "|---|---:|---:|---:|---:|"]
        live: list[str] = []
        total = [0, 0, 0, 0, 0]
        rooms: dict[str, list[tuple[Mutant, bool | None]]] = {}
        for path, row in sorted(self._rows().items()):
            rooms.setdefault(path.split("/")[1], []).extend(row)
        for room, row in rooms.items():
            tried = [(m, found) for m, found in row if found is not None]
            lived = [m for m, found in tried if not found]
            excused = [m for m in lived if self.reason(m) is not None]
            counts = [len(tried), len(tried) - len(lived), len(excused), len(lived) - len(excused)]
            total = [a + b for a, b in zip(total, [*counts, len(row) - len(tried)], strict=True)]
            lines.append(f"| {room} | " + " | ".join(map(str, counts)) + " |")
            live += [
                f"{m.path}:{m.line}\n  - {m.before}\n  + {m.after}" for m in lived if self.reason(m) is None
            ]
        lines.append("| **all** | " + " | ".join(map(str, total[:4])) + " |")
        said = f"\n{self.share():.1%} found or reviewed"
        return "\n".join([*lines, *live, said + (f"; {total[4]} not tried yet" if total[4] else "")])

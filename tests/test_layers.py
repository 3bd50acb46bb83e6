"""Directions: the dashboard imports the library, and each room of it only what lies below."""

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# The rooms of the library, floor by floor: a room imports from lower floors only. Pure rooms know neither files nor
# encoders nor the network; edge rooms may.
PURE = (
    "errors",
    "vocabulary",
    "glossary",
    "checks",
    "spectra",
    "retrieval",
    "partition",
    "shaping",
    "geometry",
    "losses",
)
FLOORS = (
    ("errors",),
    ("vocabulary", "checks", "files", "glossary"),
    ("spectra", "retrieval", "pairs", "encoders"),
    ("partition",),
    ("shaping", "geometry"),
    ("sets",),
    ("embedding_formats", "classify"),
    ("treatments", "losses", "encoding", "knowledge"),
    ("training", "mmeb"),
    ("report",),
    ("cli",),
    ("__init__", "__main__"),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


@cache
def _imports(path: Path) -> frozenset[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def _uses(path: Path, *packages: str) -> set[str]:
    return {name for name in _imports(path) if name.split(".")[0] in packages}


@pytest.mark.parametrize("path", _files("sde_core"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_library_knows_nothing_of_the_app(path):
    assert not _uses(path, "app", "streamlit", "plotly", "tests", "data", "benchmarks")


def test_the_library_reaches_the_dashboard_by_name_at_two_places_only():
    """It starts it, and it asks it for a figure; a module's name in quotes would hide an import from the test above."""
    name = re.compile(r"""(["'])(sde_explorer|streamlit|plotly)(\.\w+)*\1""")
    found = {str(path.relative_to(ROOT)) for path in _files("sde_core") if name.search(path.read_text())}
    assert found == {"sde_core/checks/drawn.py", "sde_core/cli/app.py"}


def test_the_library_has_few_rooms_and_each_its_floor():
    rooms = {_room(path) for path in _files("sde_core")}
    assert rooms == set(FLOOR)
    assert len(rooms) <= 25


def _room(path: Path) -> str:
    return path.relative_to(ROOT / "sde_core").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", _files("sde_core"), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_from_lower_floors_only(path):
    room = _room(path)
    for name in _uses(path, "sde_core") - {"sde_core"}:
        other = name.split(".")[1]
        assert other == room or other not in FLOOR or FLOOR[other] < FLOOR[room], name


@pytest.mark.parametrize(
    "path", [p for p in _files("sde_core") if _room(p) in PURE], ids=lambda p: str(p.relative_to(ROOT))
)
def test_pure_rooms_import_pure_rooms_only(path):
    allowed = {*PURE, "files"}
    assert not {name for name in _uses(path, "sde_core") if name.split(".")[1] not in allowed}


def test_no_file_imports_itself_through_others():
    """Imports inside functions and those for annotations count as well; a CycleError names the files."""
    places = {p.relative_to(ROOT).with_suffix("").parts: p for p in _files("sde_core")}
    modules = {".".join(parts).removesuffix(".__init__"): path for parts, path in places.items()}
    graph = {name: _modules_of(path, modules) - {name} for name, path in modules.items()}
    assert {"sde_core.partition.base", "sde_core.vocabulary"} <= graph["sde_core.partition.bands"]
    assert len(list(TopologicalSorter(graph).static_order())) == len(modules)


def _modules_of(path: Path, modules: dict[str, Path]) -> set[str]:
    """Return the modules that a file imports; of `from a import b` it is a.b where that is a module, else a."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {name if name in modules else name.rpartition(".")[0] for name in names} & set(modules)


@pytest.mark.parametrize(
    "path", [*_files("sde_core"), *_files("app")], ids=lambda p: str(p.relative_to(ROOT))
)
def test_nothing_unpickles_what_a_user_can_send(path):
    text = path.read_text()
    for word in ("pickle.load", "allow_pickle=True", "weights_only=False"):
        assert word not in text, word
    assert text.count("torch.load(") == len(re.findall(r"torch\.load\([^()]*weights_only=True\)", text))


def test_cut_offs_of_recall_stand_once():
    found = [path for path in (*_files("sde_core"), *_files("app")) if "(1, 5, 10)" in path.read_text()]
    assert [str(path.relative_to(ROOT)) for path in found] == ["sde_core/vocabulary.py"]


@pytest.mark.parametrize(
    "path", [*_files("sde_core"), *_files("app")], ids=lambda p: str(p.relative_to(ROOT))
)
def test_a_package_is_imported_before_its_modules(path):
    """Of scipy, whose packages import their own modules and are imported late, where threads already run.

    Python locks a module before its package: one thread that imports `scipy.linalg`, and one that begins with
    `scipy.linalg.blas`, can each hold what the other one waits for, and one of them fails.
    """
    seen: set[str] = set()
    for node in sorted(
        (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, (ast.Import, ast.ImportFrom))),
        key=lambda n: n.lineno,
    ):
        names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        for name in (name for name in names if name and name.startswith("scipy.")):
            package = name.rpartition(".")[0]
            assert package == "scipy" or package in seen, f"line {node.lineno}: {name}"
            seen.add(name)

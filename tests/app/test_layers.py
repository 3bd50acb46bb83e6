"""Directions inside the dashboard; those between app and library are held by tests/test_layers.py."""

import ast
import inspect
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[2] / "app" / "sde_explorer"
FILES = sorted(APP.rglob("*.py"))


def _is(path: Path, kind: str) -> bool:
    """Whether a file, or the folder that it lies in, says by its name what kind of code it holds."""
    place = path.relative_to(APP)
    return kind in (place.stem, *place.parts[:-1])


# What knows no streamlit: numbers, figures, jobs, what users bring, and the state as a value.
PLAIN = [
    path
    for path in FILES
    if any(_is(path, kind) for kind in ("numbers", "figures", "jobs", "intake"))
    or path.stem in ("state", "shared_state")
    or str(path.relative_to(APP)) in {
        "url_values.py", "sets.py", "names.py", "plots.py", "training/runs.py",
        "serving/policy.py", "serving/places.py", "serving/log.py", "serving/visitors.py",
        "readings/rules.py", "readings/gains.py", "readings/headline.py", "readings/matrices.py", "readings/metrics.py",
    }
]  # fmt: skip
PARTS = "what each view declares of the state"
# From the ground up; a view may read another view's numbers, figures and caches, if that stands before it here.
FLOORS = (
    ("serving",),
    ("url_values", "sets", "names", "intake", "early_style", "early_parts", "packages"),
    ("shared_state",),
    (PARTS,),
    ("state",),
    ("jobs",),
    ("readings",),
    ("ui",),
    ("curriculum",),
    ("spectrum",),
    ("subspaces",),
    ("search",),
    ("retrieval",),
    ("tour",),
    ("data", "training"),
    ("compare",),
    ("overview", "share"),
    ("plots",),
    ("ahead",),
    ("server", "pages", "screenshots", "worker"),
    ("recording",),
    ("main",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def _imports(path: Path) -> frozenset[str]:
    found = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


@pytest.mark.parametrize("path", PLAIN, ids=lambda p: p.name)
def test_numbers_figures_and_jobs_do_not_know_streamlit(path):
    assert not {name for name in _imports(path) if name.split(".")[0] == "streamlit"}


def _room(*parts: str) -> str:
    return PARTS if parts[1:2] == ("state",) else parts[0]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(APP)))
def test_imports_go_down(path):
    room = _room(*path.relative_to(APP).with_suffix("").parts)
    for name in (n for n in _imports(path) if n.startswith("sde_explorer.")):
        other = _room(*name.split(".")[1:])
        assert other == room or FLOOR[other] < FLOOR[room], name


def test_no_file_imports_itself_through_others():
    modules = {".".join(("sde_explorer", *p.relative_to(APP).with_suffix("").parts)): p for p in FILES}
    modules = {name.removesuffix(".__init__"): p for name, p in modules.items()}
    graph = {
        name: {_module_of(i, modules) for i in _imports(path)} & set(modules)
        for name, path in modules.items()
    }
    order = TopologicalSorter({name: others - {name} for name, others in graph.items()}).static_order()
    assert len(list(order)) == len(modules)  # a circle is a CycleError, which names its files


def _module_of(name: str, modules: dict[str, Path]) -> str:
    return name if name in modules else name.rpartition(".")[0]


def test_no_room_is_most_of_the_house():
    lines = Counter()
    for path in FILES:
        lines[path.relative_to(APP).parts[0]] += len(path.read_text().splitlines())
    [(room, most)] = lines.most_common(1)
    assert most <= 0.18 * lines.total(), room


WHOLE = {"state.py", "tour/numbers.py", "ahead.py"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(APP)))
def test_a_function_takes_the_part_of_the_state_that_it_reads(path):
    if str(path.relative_to(APP)) in WHOLE:  # a tour's step, and what views show next, are of a whole state
        return
    for function in (n for n in ast.walk(_tree(path)) if isinstance(n, ast.FunctionDef)):
        for argument in (*function.args.args, *function.args.kwonlyargs):
            kind = ast.unparse(argument.annotation) if argument.annotation else ""
            assert not re.search(r"\bState\b", kind), f"{function.name}({argument.arg}: {kind})"


def test_every_field_of_the_state_is_declared_in_one_part():
    from dataclasses import fields

    from sde_explorer.state import State

    parts = [part for part in State.__mro__[1:-1] if inspect.get_annotations(part)]
    declared = [name for part in parts for name in inspect.get_annotations(part)]
    assert sorted(declared) == sorted(field.name for field in fields(State))
    assert {part.__module__ for part in parts} == {
        ".".join(("sde_explorer", *p.relative_to(APP).with_suffix("").parts))
        for p in FILES
        if p.stem == "shared_state" or (p.stem == "state" and p.parent != APP)
    }


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(APP)))
def test_caches_live_in_files_of_that_name_and_files_stay_short(path):
    text = path.read_text()
    assert _is(path, "cached") or "st.cache_" not in text
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("path", [p for p in FILES if p.stem == "page"], ids=lambda p: p.parent.name)
def test_views_do_not_compute(path):
    assert not {n for n in _imports(path) if n.split(".")[0] in {"torch", "numpy", "scipy", "sklearn"}}


@pytest.mark.parametrize(
    "path", [p for p in FILES if _is(p, "cached")], ids=lambda p: str(p.relative_to(APP))
)
def test_cached_functions_take_no_arrays(path):
    for function in (n for n in _tree(path).body if isinstance(n, ast.FunctionDef) and n.decorator_list):
        for argument in function.args.args:
            kind = ast.unparse(argument.annotation) if argument.annotation else ""
            plain = kind in {
                "str",
                "SetEntry",
                "tuple[str, ...]",
                "tuple[int, ...]",
                "tuple[float, float]",
                "Matrix",
                "int",
            }
            assert plain or argument.arg.startswith("_"), f"{function.name}({argument.arg}: {kind})"


def test_pages_import_what_is_heavy_only_when_it_is_needed():
    heavy = (
        "open_clip",
        "faiss",
        "umap",
        "sklearn",
        "torch._dynamo",
        "scipy.stats",
        "pyarrow.dataset",
    )
    code = (
        "import sys, sde_explorer.overview.page, sde_explorer.spectrum.page, sde_core; "
        "from sde_core.files.bundled import embeddings_folder; "
        "made = sde_core.EmbeddingSet.load(embeddings_folder('clipart')); "
        "sde_core.band_knowledge(made, n_resamples=0); "
        f"print([n for n in {heavy} if n in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ast.literal_eval(found.stdout.strip()) == []


PRESSED = {"button", "form_submit_button", "download_button"}


def test_a_press_is_heard_by_a_callback():
    """What a button returns is known where the script draws it: a script that is broken off before loses the press."""
    seen = 0
    for path in FILES:
        nodes = list(ast.walk(_tree(path))) if "button(" in path.read_text() else []
        alone = {id(n.value) for n in nodes if isinstance(n, ast.Expr)}
        alone |= {id(n.body) for n in nodes if isinstance(n, ast.Lambda)}  # drawn later, by a name
        for call in (n for n in nodes if isinstance(n, ast.Call)):
            if isinstance(call.func, ast.Attribute) and call.func.attr in PRESSED:
                seen += 1
                said = f"{path.relative_to(APP)}, line {call.lineno}"
                assert id(call) in alone, f"{said} reads whether a button was pressed: give it on_click"
                assert "on_click" in {word.arg for word in call.keywords}, (
                    f"{said}: a button without on_click"
                )
    assert seen > 40

"""Directions: app -> sde_core, charts without streamlit, caches in one module."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EDGE = {
    "pairs", "encoders", "encoding", "embeddings", "embedding_store", "embedding_formats", "bundled", "evaluation",
    "cli", "device", "treatment_store", "text_file", "report", "labels",
    "search", "projection", "training", "hub", "mmeb", "held_out",
    "__init__", "__main__",
}  # fmt: skip


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def _uses(path: Path, *packages: str) -> set[str]:
    return {name for name in _imports(path) if name.split(".")[0] in packages}


@pytest.mark.parametrize("path", _files("sde_core"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_library_knows_nothing_of_the_app(path):
    assert not _uses(path, "app", "streamlit", "plotly", "tests", "data", "benchmarks")


@pytest.mark.parametrize("path", _files("sde_core"), ids=lambda p: str(p.relative_to(ROOT)))
def test_pure_modules_do_not_import_edge_modules(path):
    part = path.relative_to(ROOT / "sde_core").parts[0].removesuffix(".py")
    if part in EDGE:
        return
    edges = {f"sde_core.{name}" for name in EDGE - {"device"}}
    assert not {name for name in _imports(path) if any(name == e or name.startswith(f"{e}.") for e in edges)}


@pytest.mark.parametrize("path", _files("app/charts"), ids=lambda p: p.name)
def test_charts_do_not_know_streamlit(path):
    assert not _uses(path, "streamlit")


def test_only_one_package_caches():
    users = {p.parent.name for p in _files("app") if "st.cache_" in p.read_text()}
    assert users == {"cache"}


def test_views_do_not_compute():
    for path in _files("app/views"):
        assert not _uses(path, "torch", "numpy", "scipy", "sklearn")


@pytest.mark.parametrize(
    "path", [*_files("sde_core"), *_files("app")], ids=lambda p: str(p.relative_to(ROOT))
)
def test_nothing_unpickles_what_a_user_can_send(path):
    text = path.read_text()
    for word in ("pickle.load", "allow_pickle=True", "weights_only=False"):
        assert word not in text, word
    assert text.count("torch.load(") == len(re.findall(r"torch\.load\([^()]*weights_only=True\)", text))

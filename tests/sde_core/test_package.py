import importlib
import subprocess
import sys

import sde_core as sde
from sde_core import errors


def test_every_public_name_is_there_and_has_a_docstring():
    assert sorted(sde.__all__) == sorted(sde._HOME)
    for name in sde.__all__:
        value = getattr(sde, name)
        assert value is getattr(importlib.import_module(f"sde_core.{sde._HOME[name]}"), name)
        assert (value.__doc__ or "").strip()


def test_names_for_type_checkers_are_the_same_names():
    import ast
    from pathlib import Path

    tree = ast.parse(Path(sde.__file__).read_text())
    block = next(n for n in tree.body if isinstance(n, ast.If))
    imported = {
        alias.name: node.module.removeprefix("sde_core.")
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == sde._HOME


def test_an_unknown_name_is_an_attribute_error():
    import pytest

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = sde.nonsense


def test_every_error_is_an_sde_error_and_a_value_error():
    for name in ("DataError", "EncoderError", "ConfigError"):
        assert issubclass(getattr(errors, name), errors.SDEError)
    assert issubclass(errors.SDEError, ValueError)


def test_importing_the_package_loads_nothing_heavy():
    heavy = (
        "torch",
        "numpy",
        "open_clip",
        "faiss",
        "umap",
        "streamlit",
        "plotly",
        "pyarrow",
        "pandas",
        "scipy",
    )
    code = f"import sys, sde_core; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import sde_core as sde
from sde_core import errors

EMOJI = str(Path(__file__).resolve().parents[2] / "data" / "embeddings" / "sde-mini" / "emoji")


def test_every_public_name_is_there_and_has_a_docstring():
    stub = ast.parse(Path(sde.__file__).with_suffix(".pyi").read_text())
    homes = {a.name: n.module for n in stub.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert sorted(sde.__all__) == sorted(homes)
    for name, module in homes.items():
        value = getattr(sde, name)
        assert value is getattr(importlib.import_module(f"sde_core.{module}"), name)
        assert (value.__doc__ or "").strip()


def test_an_unknown_name_is_an_attribute_error():
    import pytest

    with pytest.raises(AttributeError, match="nonsense"):
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
    # Nor does opening a set load torch, which takes two seconds: longer than the rest for a million pairs.
    code += (
        f"\nsde_core.open_embeddings({EMOJI!r}).links; print('torch' in sys.modules, 'numpy' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n") == ["[]", "False True", ""]


def test_nothing_warns_on_import_and_on_loading_encoders(tiny_encoder_folder, siglip_folder, clip_folder):
    names = ["bundled", *map(str, (tiny_encoder_folder, siglip_folder, clip_folder))]
    for code in ("import sde_core", f"import sde_core as sde\nfor name in {names}: sde.load_encoder(name)"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

"""A notebook: a refusal is its sentence and the cell's line, objects are one line, nothing warns."""

import warnings

import pytest

from tests.clients.programs import program


@pytest.fixture
def cell(capsys):
    """Return a function that runs a cell as a notebook does and returns what it shows, as (output, errors)."""
    shell_class = program("IPython.core.interactiveshell").InteractiveShell
    shell_class.clear_instance()
    shell = shell_class.instance()
    shell.displayhook.prompt_end_newline = False

    def run(code):
        capsys.readouterr()
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            shell.run_cell(code)
        return capsys.readouterr()

    yield run
    shell_class.clear_instance()


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("sde.open_pairs('/nowhere/at/all')", "DataError", "/nowhere/at/all"),
        ("sde.load_encoder('Vit-B-32')", "EncoderError", "Vit-B-32"),
        ("sde.SDELossConfig(hellinger=-1)", "ConfigError", "hellinger"),
        ("sde.compute_spectrum([[float('nan')] * 3] * 4)", "DataError", "finite"),
    ],
)
def test_a_refusal_shows_its_sentence_first(cell, code, kind, words):
    cell("import sde_core as sde")
    shown = cell(f"x = 1\n{code}").out
    first, *rest = shown.strip().splitlines()
    assert first.startswith(f"{kind}: ")
    assert words in first
    assert any(code in line for line in rest)  # the line of the cell
    assert "sde_core/" not in "\n".join(rest).replace("import sde_core", "")
    assert len(rest) < 10


def test_other_errors_keep_their_traceback(cell):
    cell("import sde_core as sde")
    assert "Traceback" in cell("sde.open_pairs(1 / 0)").out


def test_objects_are_one_line_and_nothing_warns(cell):
    shown = cell("import sde_core as sde\nencoder = sde.load_encoder('bundled')\nencoder")
    assert shown.err == ""
    assert "Encoder('bundled'" in shown.out
    for code in ("sde.open_embeddings('emoji')", "sde.compute_spectrum(sde.open_embeddings('emoji').image)"):
        shown = cell(code)
        assert shown.err == ""
        assert len(shown.out.strip()) <= 210
        assert shown.out.strip().count("\n") <= 1

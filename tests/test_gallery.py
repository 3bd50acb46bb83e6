"""The scripts of docs/gallery: each is a question, runs without a network, prints its answer, ends with its figure."""

import ast
import re
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).resolve().parents[1] / "docs" / "gallery").glob("*.py"))
ANSWERS = {
    "01_collapsed": r"^not collapsed: effective rank \d+ of 192, .*\nafter a collapse: effective rank \d\d?\.$",
    "02_dimensions": r"^pca \d+ int8, float query loses nothing .*\. own \d+ .* is a trap",
    "03_forgotten": r"text → image: forgot; R@10 -.*\nimage → text: forgot",
    "04_wrong_captions": r"^About 1\d\d of 3,272 captions are wrong\.\nOf the first 100 to look at, [78]\d are among",
    "05_two_checkpoints": r"^Same space\? other checkpoint .*\nimage: CKA 0\.\d+, \d+% of the nearest neigh",
    "06_watch_training": r"^12 looks, 0 alarms; effective rank \d+, then \d+\.$",
    "07_export": r"^Exported: identical .*\nint8: quantised .* 8 bits\.\nno unit length: rescaled .*\nBGR for RGB: ot",
    "08_mixed_search": r"\nBest of these: raw\.\n\d+% of the gap is a shift",
    "09_spectral_contrast": r"^Best mean recall on validation: InfoNCE \d\d\.\d %, contrast \d\d\.\d %\.$",
    "10_million_pairs": r"^43,344 pairs from 8 shards; the spectrum is that of one copy but for \de-0[678]\.",
    "11_known_bands": r"^group: \d+ directions know it; strong ones hold \d+% of it, noise \d%\.",
    "12_baselines": r"^text → image: .* helps? R@1 beyond chance; raw finds \d+\.\d%\.",
}


def _run(source: str, file: str) -> object:
    """Run a script and return the value of its last line, as a notebook shows it."""
    *body, last = ast.parse(source).body
    names = {"__name__": "__main__"}
    if not isinstance(last, ast.Expr):
        exec(compile(ast.Module([*body, last], []), file, "exec"), names)
        return None
    exec(compile(ast.Module(body, []), file, "exec"), names)
    return eval(compile(ast.Expression(last.value), file, "eval"), names)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_answers_its_question(path, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    shown = _run(path.read_text("utf-8"), str(path))
    assert re.search(ANSWERS[path.stem], capsys.readouterr().out.strip(), re.M)
    assert len(shown.data) > 0
    assert not list(tmp_path.glob("*.py"))


def test_each_script_is_a_short_question():
    assert [path.stem for path in SCRIPTS] == sorted(ANSWERS)
    for path in SCRIPTS:
        source = path.read_text("utf-8")
        title, line, _, *_ = (ast.get_docstring(ast.parse(source)) or "").splitlines()
        assert title.endswith("?")
        assert set(line) == {"="}
        assert len(line) == len(title)
        assert len(source.splitlines()) <= 60

import json

import pytest

from sde_core.cli import main


def test_a_report_and_its_spec_make_the_same_page_again(make_set, tmp_path, capsys):
    train, test = make_set("train", 1), make_set("test", 2)
    page, spec, numbers = (tmp_path / name for name in ("a.html", "spec.json", "numbers.json"))
    arguments = ["report", str(test), "--fit-on", str(train), "--output", str(page), "--baselines", "csls"]
    arguments += [
        "--resamples",
        "50",
        "--write-spec",
        str(spec),
        "--output-json",
        str(numbers),
        "--title",
        "Mine",
    ]
    assert main([*arguments, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["sets"] == ["test"]
    assert facts["content"] == json.loads(numbers.read_text())
    assert "<h1>Mine</h1>" in page.read_text()
    again = tmp_path / "b.html"
    for source in (spec, page):
        assert main(["report", "--spec", str(source), "--output", str(again)]) == 0
        assert again.read_bytes() == page.read_bytes()
    assert str(again) in capsys.readouterr().out


def test_several_sets_stand_in_one_report(make_set, tmp_path, capsys):
    sets = [str(make_set(name, seed)) for seed, name in enumerate(("a", "b"))]
    page = tmp_path / "both.html"
    arguments = ["report", *sets, "--output", str(page), "--baselines", "", "--resamples", "20"]
    assert main(arguments) == 0
    assert '<section id="overview">' in page.read_text()
    capsys.readouterr()
    make_set("a", 7)  # another set under the old name
    assert main(["report", "--spec", str(page), "--output", str(tmp_path / "x.html")]) == 2
    assert "the set has changed" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs embedding sets or --spec"),
        (["SET", "--spec", "x"], "one of the two"),
        (["SET", "SET", "--fit-on", "a", "b", "c"], "one for each of the 2; got 3"),
        (["SET", "--fit-on", "SET"], "must be another split"),
        (["SET", "--tau-strong", "2", "--tau-noise", "1"], "differ by set"),
        (["SET", "--baselines", "magic"], "treatments must be one of raw"),
        (["--spec", "nowhere.json"], "cannot be read"),
        (["SET", "--baselines", "", "--resamples", "10", "--output", "/no/such/place.html"], "writable file"),
        (["SET", "--resamples", "0"], "n_resamples must lie in [1, 100,000]"),
    ],
)
def test_bad_input_is_one_sentence(saved_set, capsys, arguments, message):
    assert main(["report", *(str(saved_set) if a == "SET" else a for a in arguments)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err

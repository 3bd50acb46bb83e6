import json
import os
from pathlib import Path

import pytest

from sde_core import ConfigError, DataError
from sde_core.cli import app as command
from sde_core.cli.main import main
from sde_explorer.intake import VectorRequest, look, permitted, put_away
from sde_explorer.intake.uploads import Limits, Upload
from sde_explorer.jobs import encoding_job
from sde_explorer.serving import policy
from sde_explorer.serving.places import check_encoder, check_source, check_writing


def _options(*given: str):
    parser = __import__("argparse").ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return parser.parse_args(["app", *given])


def _rules(*given: str, address: str = "127.0.0.1") -> policy.Policy:
    text = json.dumps(command.rules_of(_options(*given)))
    return policy.policy_from({policy.ENVIRONMENT: text}, address)


def test_on_its_own_address_a_server_serves_one_person_and_elsewhere_strangers():
    local, open_to_all = (policy.policy_from({}, address) for address in ("127.0.0.1", None))
    assert (local.one_user, local.roots) == (True, None)
    assert (open_to_all.one_user, open_to_all.roots) == (False, ())
    assert open_to_all.max_sessions > 0
    assert command.RULES == policy.ENVIRONMENT


def test_the_options_of_the_command_become_rules(tmp_path):
    assert _rules() == policy.policy_from({}, "127.0.0.1")
    assert _rules("--root", str(tmp_path)).roots == (tmp_path.resolve(),)
    assert _rules("--one-user", address="0.0.0.0").one_user
    assert not _rules("--many-users").one_user
    assert _rules("--host", "SDE.example.org").hosts == ("sde.example.org",)
    assert (_rules("--max-upload", "5").upload_mib, _rules("--max-sessions", "3").max_sessions) == (5, 3)
    demo = _rules("--demo", "--root", str(tmp_path))  # the image names a root before every option
    assert (demo.roots, demo.read_only, demo.hub, demo.one_user) == ((), True, False, False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--root", "/no/such/folder"], "root must be a folder"),
        (["--max-upload", "0"], "max-upload must be at least 1"),
        (["--max-sessions", "-1"], "max-sessions must be at least 0"),
        (["--address", "everywhere"], "address must be an IP address"),
        (["--port", "0"], "port must lie in"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(given, words, capsys):
    assert main(["app", *given]) == 2
    assert words in capsys.readouterr().err


def test_the_command_binds_where_it_is_told_and_names_its_limit():
    words = " ".join(command.command_of(_options("--address", "0.0.0.0", "--port", "9", "--max-upload", "7")))
    assert "--server.address 0.0.0.0 --server.port 9" in words
    assert "--server.maxUploadSize 7" in words
    assert "--server.address 127.0.0.1" in " ".join(command.command_of(_options()))


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"root": []}', '{"roots": "x"}', '{"read_only": 1}', '{"upload_mib": -1}']
)
def test_a_damaged_variable_is_refused_and_opens_nothing(text):
    with pytest.raises(ConfigError, match="SDE_SERVER"):
        policy.policy_from({policy.ENVIRONMENT: text}, "127.0.0.1")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root with pairs, a folder beside it with a secret, and links from one to the other."""
    for name in ("root", "secret", "own"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.csv").write_text("image,caption\na.png,words\n")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "secret")
    return tmp_path


def _out(tree: Path) -> list[str]:
    root, secret = tree / "root", tree / "secret"
    return [
        str(secret), str(secret / "t.csv"), str(root / "link"), str(root / "link" / "t.csv"), f"{root}/../secret",
        str(tree), "/", "/etc/passwd", "~", "~/x", f"{root}-too", os.path.relpath(secret), "..", "emoji/../../etc",
        f"{root}/{{a,../../secret}}.tar", f"{{{root}/t,{secret}/t}}.csv", f"{tree}/*/t.csv", "nothing/here", "/no/such",
    ]  # fmt: skip


def test_paths_lead_only_below_a_root_and_into_ones_own_folder(tree, rules):
    rules(roots=(tree / "root",))
    good = [
        str(tree / "root"),
        str(tree / "root/t.csv"),
        f"{tree}/root/x-{{0..3}}.tar",
        "emoji",
        "clipart/test",
        "",
    ]
    assert [check_source(text) for text in good] == good
    assert check_source(str(tree / "own"), tree / "own")
    for text in _out(tree):
        with pytest.raises(DataError, match="this server opens"):
            check_source(text)


def test_a_refusal_does_not_tell_whether_a_path_exists(tree, rules):
    rules(roots=(tree / "root",))
    sentences = set()
    for name in ("secret", "no-such"):
        with pytest.raises(DataError) as caught:
            check_source(str(tree / name))
        sentences.add(str(caught.value).replace(name, "NAME"))
    assert len(sentences) == 1


def test_everything_that_opens_a_path_asks(tree, rules, tmp_path):
    rules(roots=(tree / "root",))
    secret, cache = str(tree / "secret/t.csv"), tmp_path / "cache"
    with pytest.raises(DataError, match="this server opens"):
        look(secret)
    with pytest.raises(DataError, match="this server opens"):
        look("emoji/val", root=str(tree / "secret"))
    for field in ("source", "text", "images", "captions", "index", "pairs", "encoder"):
        with pytest.raises(DataError, match="this server opens"):
            permitted(VectorRequest(**{"source": "", field: secret}), None)
    hidden = str(tree / "secret")
    for source, encoder, root in (
        (secret, "bundled", ""),
        ("emoji/val", hidden, ""),
        ("emoji/val", "bundled", hidden),
    ):
        job = encoding_job(source, encoder, cache, lambda name: pytest.fail(f"loaded {name}"), root=root)
        job.run()
        assert "this server opens" in job.error
    assert not cache.exists()


def test_encoders_are_paths_or_names(tree, rules):
    rules(roots=(tree / "root",))
    for name in (
        "bundled",
        "",
        "ViT-B-32/laion2b_s34b_b79k",
        "hf-hub:a/b",
        str(tree / "root"),
        f"ViT-B-32/{tree}/root/x.pt",
        f"{tree}/root/arch.json/{tree}/root/x.pt",
    ):
        assert check_encoder(name) == name
    for name in (
        str(tree / "secret"),
        f"local-dir:{tree}/secret",
        f"ViT-B-32/{tree}/secret/x.pt",
        f"{tree}/root/arch.json/{tree}/secret/x.pt",
        f"{tree}/secret/arch.json/{tree}/root/x.pt",
        "../x",
        "nothing/here",
    ):
        with pytest.raises(DataError, match="this server opens"):
            check_encoder(name)
    rules(roots=None, hub=False)
    for check, name in (
        (check_encoder, "ViT-B-32/laion2b_s34b_b79k"),
        (check_encoder, "hf-hub:a/b"),
        (check_source, "hf://a/b"),
    ):
        with pytest.raises(DataError, match="from a hub"):
            check(name)


def test_links_and_settings_inside_a_root_lead_nowhere_else(tree, rules, tmp_path, monkeypatch):
    rules(roots=(tree / "root",))
    monkeypatch.chdir(tree)
    folder, secret = tree / "root" / "deep", tree / "secret" / "t.csv"
    (folder / "inner").mkdir(parents=True)
    (folder / "t.csv").symlink_to(tree / "root" / "t.csv")
    for name in ("manifest.json", "open_clip_config.json"):
        (folder / name).write_text("{}")
    assert check_source(str(folder))
    assert check_encoder(str(folder))
    (folder / "inner" / "image.npy").symlink_to(secret)
    for check in (check_source, check_encoder):
        with pytest.raises(DataError, match=r"inner/image\.npy is not among them"):
            check(str(folder))
    (folder / "inner" / "image.npy").unlink()
    config, weights = folder / "open_clip_config.json", folder / "x.pt"
    weights.touch()
    encoders = (str(folder), str(weights), f"{config}/{weights}", f"local-dir:{folder}")
    for name, leads_out in (
        ("org/name", False), ("inner", False), (str(tree / "root"), False),
        ("secret", True), (str(tree / "secret"), True), (str(tree / "none"), True), ("../x", True), ("~/x", True),
    ):  # fmt: skip
        for key in ("hf_model_name", "hf_tokenizer_name"):
            config.write_text(json.dumps({"model_cfg": {"text_cfg": {key: name}}}))
            for encoder in encoders:
                if leads_out:
                    with pytest.raises(DataError, match="this server opens"):
                        check_encoder(encoder)
                else:
                    assert check_encoder(encoder) == encoder


def test_without_rules_everything_opens(tree):
    assert [check_source(text) for text in _out(tree)] == _out(tree)


def test_a_server_that_only_shows_writes_nothing(rules, tmp_path):
    rules(read_only=True)
    with pytest.raises(DataError, match="only shows"):
        check_writing()
    job = encoding_job("emoji/val", "bundled", tmp_path / "cache", lambda name: pytest.fail(f"loaded {name}"))
    job.run()
    assert "only shows" in job.error
    with (tmp_path / "a.npy").open("wb+") as file, pytest.raises(DataError, match="only shows"):
        put_away([Upload("a.npy", 1, file)], tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_uploads_of_everybody_count_together(tmp_path):
    others = tmp_path / "visitors" / "b" / "uploads"
    others.mkdir(parents=True)
    (others / "x").write_bytes(b"0" * 900)
    (tmp_path / "a.npy").write_bytes(b"0" * 200)
    limits = Limits(spare_bytes=0, server_bytes=1000)
    for size, beside in ((200, ()), (100, (others,))):
        with (tmp_path / "a.npy").open("rb") as file:
            put_away([Upload("a.npy", size, file)], tmp_path / "own", limits=limits, beside=beside)
    with (tmp_path / "a.npy").open("rb") as file, pytest.raises(DataError, match="holds too many now"):
        put_away([Upload("a.npy", 200, file)], tmp_path / "own", limits=limits, beside=(others,))

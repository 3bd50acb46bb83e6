"""Every code block of README, CONTRIBUTING and docs runs as printed from an empty folder, or refuses in a sentence.

Pages with a test of their own are named here with it; of the others this file runs each block. A new page or block
is run without being named.
"""

import configparser
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from sde_core.cli.main import build_parser, main
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = [(p.name, kind, code) for p in PAGES for kind, code in FENCE.findall(p.read_text("utf-8"))]

# Page -> the test that runs all its blocks of a kind, in order and on the files that they name.
ELSEWHERE = {
    ("data.md", "python"): "tests/test_data_docs.py",
    ("cli.md", "console"): "tests/test_cli_docs.py",
    ("training.md", "python"): "tests/sde_core/training/test_training_page.py",
    ("CONTRIBUTING.md", "python"): "tests/test_contributing.py",
}

# First word of a line that cannot be run from an empty folder -> why, and what holds it instead.
NOT_HERE = {
    "pip": "installs; .ci/run does it from a clean clone",
    "streamlit": "starts from a clone; .ci/run does it",
    "pytest": "is this run",
    "ray": "starts a cluster on all cores; tests/clients/test_ray.py has one of its own",
    "docker": "needs Docker; the Dockerfile is linted by .ci/run",
}
PICTURES = {"architecture.md"}  # blocks that are drawings, held by tests/test_layers.py


def _lines(*kinds):
    for page, kind, code in BLOCKS:
        if kind in kinds and (page, kind) not in ELSEWHERE and page not in PICTURES:
            for line in code.strip().splitlines():
                for part in line.split("#")[0].split(" && "):
                    yield page, part.strip().removeprefix("$ ")


LINES = list(_lines("", "console", "bash", "sh"))
COMMANDS = [(page, line) for page, line in LINES if line.split()[0] not in NOT_HERE]
SERVERS = [line for _, line in COMMANDS if line.startswith("sde app")]
# They need what nobody has in an empty folder; each says so in one sentence.
REFUSED = {
    "sde app --address 0.0.0.0 --root /data/pairs": "root must be a folder; there is none at /data/pairs",
    "sde spectrum /shared/embeddings": "there is no /shared/embeddings",
    "sde finetune my-shards --model ViT-B-32 --pretrained logs/": "there is no my-shards",
}


def _is_refused(line):
    return next((words for start, words in REFUSED.items() if line.startswith(start)), None)


def test_every_block_is_of_a_kind_that_is_run():
    kinds = {"python", "console", "", "text", "ini", "nginx", "toml", "json"}
    kinds.add("math")  # drawn by the site, where .ci/read_site.py finds each without an error
    assert {kind for _, kind, _ in BLOCKS} <= kinds
    for page, kind in ELSEWHERE:
        assert any((p, k) == (page, kind) for p, k, _ in BLOCKS)
    for path in ELSEWHERE.values():
        assert (ROOT / path).is_file()
    assert all(line.split()[0] in {"sde", "python", "torchrun", *NOT_HERE} for _, line in LINES)


@pytest.mark.parametrize(
    "page", sorted({p for p, k, _ in BLOCKS if k == "python" and (p, k) not in ELSEWHERE})
)
def test_python_runs_as_printed(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for name, kind, code in BLOCKS:
        if (name, kind) == (page, "python"):
            exec(compile(code, page, "exec"), names)
    if page == "README.md":
        assert "image_retrieval_recall@10" in capsys.readouterr().out


@pytest.mark.parametrize("page", sorted({page for page, line in COMMANDS if not line.startswith("sde app")}))
def test_commands_run_as_printed_one_after_another(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for _, line in (given for given in COMMANDS if given[0] == page):
        words = shlex.split(line)
        if words[:2] == ["sde", "app"] or "sde_explorer.screenshots" in words:
            continue
        wanted = _is_refused(line)
        if words[:2] == ["sde", "open"]:
            _serve(words, tmp_path)
        elif words[0] == "sde":
            assert main(words[1:]) == (2 if wanted else 0), line
            said = capsys.readouterr().err.strip().splitlines()
            assert wanted is None or (len(said) == 1 and wanted in said[0])
        else:
            _run(words)


def _run(words):
    start = {"python": [sys.executable], "torchrun": [sys.executable, "-m", "torch.distributed.run"]}[
        words[0]
    ]
    more = {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "PET_MASTER_PORT": str(_free_port())}
    done = subprocess.run(
        [*start, *words[1:]], env=os.environ | more, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize("line", dict.fromkeys(SERVERS))
def test_servers_start_as_printed(line, tmp_path, monkeypatch, capsys):
    words, wanted = shlex.split(line), _is_refused(line)
    if wanted:
        assert main(words[1:]) == 2
        assert wanted in capsys.readouterr().err
        return
    _serve(words, tmp_path)


def _serve(words, folder):
    """Start a server, wait until it answers, and end it."""
    port = _free_port()
    start = [sys.executable, "-m", "sde_core", *words[1:], "--port", str(port), "--no-browser"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            start, cwd=folder, stdout=log, stderr=log, env=os.environ | {"SDE_CACHE": str(folder)}
        )
    try:
        _wait_for(server, port)
    finally:
        server.terminate()
        server.wait(120)
    with socket.socket() as gone:  # nobody is left behind
        assert gone.connect_ex(("127.0.0.1", port))


def _wait_for(server, port):
    def answers():
        assert server.poll() is None, "it ended"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    until(answers, seconds=120)


def test_the_pictures_of_the_guide_come_from_the_command_that_stands_there():
    """It takes minutes and a Chromium; tests/test_guide.py holds its names, the browser tests its views."""
    (line,) = (line for _, line in COMMANDS if "screenshots" in line)
    done = subprocess.run(
        [sys.executable, *shlex.split(line)[1:3], "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "--guide" in done.stdout


@pytest.mark.parametrize("kind", ["ini", "toml", "json", "nginx"])
def test_settings_of_other_programs_are_theirs(kind):
    for _, _, code in (block for block in BLOCKS if block[1] == kind):
        if kind == "ini":
            unit = configparser.ConfigParser(strict=False)
            unit.optionxform = str
            unit.read_string(code)
            words = shlex.split(unit["Service"]["ExecStart"])
            assert build_parser().parse_args(words[1:]).command == "app"
        elif kind == "toml":
            assert {"auth", "sde"} <= set(tomllib.loads(code))
        elif kind == "json":
            for line in code.strip().splitlines():
                assert json.loads(line)
        else:
            assert code.count("{") == code.count("}") > 0
            plain = [line.split("#")[0].strip() for line in code.splitlines()]
            assert all(line.endswith((";", "{", "}")) for line in plain if line)


def test_the_two_lines_for_open_clips_training_run_in_it():
    """The block of the page stands inside `open_clip_train.main`: its names are made here, by open_clip itself."""
    import sde_core as sde

    create_loss = pytest.importorskip("open_clip").create_loss
    (code,) = (code for page, kind, code in BLOCKS if (page, kind) == ("open_clip.md", "text"))
    args = SimpleNamespace(
        distill=False, model="ViT-B-32", siglip=False, local_loss=False, gather_with_grad=False, rank=0,
        world_size=1, horovod=False, epochs=3, accum_freq=2, loss_dist_impl=None,
    )  # fmt: skip
    loader = SimpleNamespace(num_batches=8)
    weight = torch.nn.Parameter(torch.eye(8))
    names = {
        "sde": sde, "create_loss": create_loss, "args": args, "optimizer": torch.optim.AdamW([weight]),
        "data": {"train": SimpleNamespace(dataloader=loader)},
    }  # fmt: skip
    exec(compile(code, "open_clip.md", "exec"), names)
    rows = torch.nn.functional.normalize(
        torch.randn(16, 8, generator=torch.Generator().manual_seed(0)), dim=1
    )
    for _ in range(12):
        names["loss"](rows @ weight, rows, torch.tensor(10.0)).backward()
        names["optimizer"].step()
    assert names["loss"].progress == 1.0

"""An agent's client asks whatever can be asked and gets the command line's numbers; what only reads is all there is."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

import sde_core as sde
from sde_core.cli.main import main
from sde_core.cli.mcp_server import COMMANDS, SCHEMA
from sde_core.cli.schema import schema_of
from sde_core.embedding_formats.named import open_named
from tests.clients.programs import program

program("mcp")
from mcp import StdioServerParameters  # noqa: E402
from mcp.client import Client  # noqa: E402

SET = "clipart/test"
REST = "clipart/train"
QUESTIONS: tuple[tuple[str, dict[str, Any], list[str]], ...] = (
    ("check", {"path": SET}, ["check", SET]),
    ("spectrum", {"embeddings": SET}, ["spectrum", SET]),
    ("spectrum", {"embeddings": SET, "rule": "parallel", "noise_factor": 1.5},
     ["spectrum", SET, "--rule", "parallel", "--noise-factor", "1.5"]),
    ("knows", {"embeddings": SET}, ["knows", "--embeddings", SET]),
    ("knows", {"embeddings": SET, "side": "text", "columns": ["group"]},
     ["knows", "--embeddings", SET, "--side", "text", "--column", "group"]),
    ("evaluate", {"embeddings": SET}, ["evaluate", "--embeddings", SET, "--captions", "primary"]),
    ("parity", {"a": SET, "b": SET}, ["parity", SET, SET]),
    ("compare", {"a": SET, "b": SET}, ["similarity", SET, SET]),
    ("gap", {"embeddings": SET}, ["gap", SET]),
    ("compress", {"embeddings": SET, "fit_on": REST, "widths": [192, 96], "axes": ["own"], "codes": ["int8", "1bit"]},
     ["compress", SET, "--fit-on", REST, "--widths", "192,96", "--axes", "own", "--codes", "int8,1bit"]),
    ("find_pairs", {"embeddings": SET, "text": "a red car", "k": 5}, ["find", SET, "a red car", "-k", "5"]),
    ("mismatched", {"embeddings": SET, "show": 3}, ["mismatched", SET, "--show", "3"]),
)  # fmt: skip


def _ask(work: Callable[[Client], Awaitable[Any]], *words: str) -> Any:
    async def asked() -> Any:
        server = StdioServerParameters(command=sys.executable, args=["-m", "sde_core", "mcp", *words])
        async with Client(server) as client:
            return await work(client)

    return asyncio.run(asked())


def _same(told: Any, printed: Any) -> None:
    """Hold two answers against each other; another process may round otherwise."""
    assert type(told) is type(printed)
    if isinstance(told, dict):
        assert told.keys() == printed.keys()
        for key, value in told.items():
            _same(value, printed[key])
    elif isinstance(told, list):
        for one, other in zip(told, printed, strict=True):
            _same(one, other)
    else:
        assert told == (pytest.approx(printed, rel=1e-6, abs=1e-9) if isinstance(told, float) else printed)


def _text(answer: Any) -> str:
    [content] = answer.content
    return str(content.text)


@pytest.fixture
def few(tmp_path):
    """Forty images with their columns and forty to fit on, as the names that they have here: all is asked twice."""
    return {
        name: str(open_named(name).select(np.arange(40)).save(tmp_path / name.replace("/", "-")))
        for name in (SET, REST)
    }


def test_the_answers_are_those_of_the_command_line(few, capsys):
    assert len(QUESTIONS) > 9

    async def questions(client: Client) -> list[Any]:
        return [
            await client.call_tool(
                tool,
                {
                    key: few.get(value, value) if isinstance(value, str) else value
                    for key, value in given.items()
                },
            )
            for tool, given, _ in QUESTIONS
        ]

    answers = _ask(questions)
    for answer, (tool, _, words) in zip(answers, QUESTIONS, strict=True):
        assert not answer.is_error, (tool, _text(answer))
        main([*(few.get(word, word) for word in words), "--json"])
        _same(json.loads(_text(answer)), json.loads(capsys.readouterr().out))


def test_a_schema_is_told_and_a_text_is_no_option():
    async def question(client: Client) -> Any:
        asked = {"embeddings": SET, "text": "--help"}
        return await client.call_tool("schema", {"tool": "compare"}), await client.call_tool(
            "find_pairs", asked
        )

    schema, refused = _ask(question)
    assert json.loads(_text(schema)) == schema_of("similarity")
    assert refused.is_error
    assert "hyphen" in _text(refused)


def test_only_what_reads_is_there_and_paths_lead_below_the_roots_only(tmp_path):
    (tmp_path / "served").mkdir()
    image, text = np.random.default_rng(0).normal(size=(2, 30, 8)).astype(np.float32)
    mine = sde.EmbeddingSet.from_arrays(image, text).save(tmp_path / "served" / "mine")
    other = sde.EmbeddingSet.from_arrays(image, text).save(tmp_path / "other")
    (tmp_path / "served" / "link").symlink_to(other)

    async def questions(client: Client) -> tuple[Any, list[Any]]:
        asked = [
            str(mine),
            SET,
            str(other),
            str(tmp_path / "served" / "link"),
            f"{mine}/../../other",
            "--output",
        ]
        return await client.list_tools(), [
            await client.call_tool("spectrum", {"embeddings": name}) for name in asked
        ]

    listed, (own, sample, *refused) = _ask(questions, "--root", str(tmp_path / "served"))
    assert all(tool.annotations.read_only_hint for tool in listed.tools)
    named = {tool.name: tool.meta[SCHEMA] for tool in listed.tools if tool.meta}
    assert named == {tool: schema_of(command)["$id"] for tool, command in COMMANDS.items()}
    assert {tool.name for tool in listed.tools} == {*COMMANDS, "schema"}
    assert {tool for tool, _, _ in QUESTIONS} == {*COMMANDS}
    assert not own.is_error
    assert not sample.is_error
    for answer in refused:
        assert answer.is_error
        assert "lies in none of the folders" in _text(answer) or "must be named as" in _text(answer)


def test_bad_input_is_the_sentence_of_the_command(tmp_path):
    async def questions(client: Client) -> list[Any]:
        return [
            await client.call_tool("spectrum", {"embeddings": str(tmp_path / "nothing")}),
            await client.call_tool("spectrum", {"embeddings": SET, "rule": "nobody"}),
        ]

    missing, rule = _ask(questions)
    assert missing.is_error
    assert "nothing" in _text(missing)
    assert "Traceback" not in _text(missing)
    assert rule.is_error
    assert "nobody" in _text(rule)

"""Every command with --json has a schema, strict where it describes, and what is printed is held to it."""

import json

import pytest
from jsonschema import Draft202012Validator

import sde_core.cli.output as output
from sde_core.cli import main
from sde_core.cli.main import build_parser
from sde_core.cli.schema import schema_names, schema_of
from tests.printed_json import SEEN

(_ACTION,) = (action for action in build_parser()._actions if action.dest == "command")
WITH_JSON = {
    name
    for name, parser in _ACTION.choices.items()
    if any("--json" in action.option_strings for action in parser._actions)
}


def test_every_command_with_json_has_a_schema_and_no_other():
    assert set(schema_names()) == WITH_JSON


def _parts(schema, at=""):
    if isinstance(schema, dict):
        yield at, schema
        for key, value in schema.items():
            yield from _parts(value, f"{at}/{key}")
    elif isinstance(schema, list):
        for place, value in enumerate(schema):
            yield from _parts(value, f"{at}/{place}")


@pytest.mark.parametrize("command", sorted(WITH_JSON))
def test_a_schema_is_one_and_leaves_no_room_where_it_names_fields(command):
    schema = schema_of(command)
    Draft202012Validator.check_schema(schema)
    assert schema["title"]
    for at, part in _parts(schema):
        if isinstance(part.get("properties"), dict):
            assert part["additionalProperties"] is False, at
            assert set(part["required"]) <= part["properties"].keys(), at


def test_what_is_printed_is_held_to_it(saved_set, capsys, monkeypatch):
    assert main(["spectrum", str(saved_set), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "spectrum" in SEEN
    inside = output.finite
    monkeypatch.setattr(output, "finite", lambda content: inside({**content, "new_field": 1}))
    with pytest.raises(AssertionError, match="new_field"):
        main(["spectrum", str(saved_set), "--json"])
    monkeypatch.setattr(output, "finite", lambda content: inside({k: content[k] for k in ("embeddings",)}))
    with pytest.raises(AssertionError, match="spectra"):
        main(["spectrum", str(saved_set), "--json"])
    assert told["spectra"]


def test_the_command_prints_it(capsys):
    assert main(["schema", "gap"]) == 0
    assert json.loads(capsys.readouterr().out) == schema_of("gap")
    assert main(["schema"]) == 0
    assert set(capsys.readouterr().out.split()) == WITH_JSON
    assert main(["schema", "app"]) == 2
    assert "COMMAND must be one of" in capsys.readouterr().err

import inspect
from importlib import import_module

import pytest

from sde_core.errors import ConfigError, DataError
from sde_core.pairs import format_names, open_pairs, registry
from sde_core.pairs.source import Reader


def test_every_module_of_the_table_has_what_a_reader_must_have():
    for name, module in registry._MODULES.items():
        reader = import_module(f"sde_core.pairs.{module}")
        assert isinstance(reader.LOOKS_FOR, str), name
        for function in ("detects", "open_source"):
            wanted = list(inspect.signature(getattr(Reader, function)).parameters)[1:]
            assert list(inspect.signature(getattr(reader, function)).parameters) == wanted, name


def test_a_format_may_be_named(write_shard, good_members):
    path = write_shard(good_members)
    assert [p.id for p in open_pairs(path, "webdataset")] == [p.id for p in open_pairs(path)]
    assert "webdataset" in format_names()
    with pytest.raises(ConfigError, match=r"format must be one of .*webdataset.*; got 'xml'"):
        open_pairs(path, "xml")


def test_what_is_not_recognised_lists_what_was_looked_for(tmp_path):
    (tmp_path / "notes.odt").write_bytes(b"x")
    with pytest.raises(DataError) as caught:
        open_pairs(tmp_path)
    for name in registry._MODULES.values():
        assert import_module(f"sde_core.pairs.{name}").LOOKS_FOR in str(caught.value)
    with pytest.raises(DataError, match=r"must name a set of pairs; got 'a\\x00b'"):
        open_pairs("a\0b")

"""What Arrow streams say that they unpack to, sound and damaged."""

import numpy as np
import pyarrow as pa
import pytest

from sde_core.errors import DataError
from sde_core.files.arrow_size import check_unpacked, declared_bytes


def _stream(table: pa.Table, compression: str | None) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(
        sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)
    ) as out:
        out.write_table(table)
    return sink.getvalue()


def _declared(stream: pa.Buffer) -> int:
    messages, total = pa.ipc.MessageReader.open_stream(stream), 0
    while True:
        try:
            total += declared_bytes(messages.read_next_message())
        except StopIteration:
            return total


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_what_is_declared_is_what_the_buffers_have(compression):
    words = pa.array(["a photo of a dog"] * 5_000)
    table = pa.table({"n": np.zeros(5_000), "words": words, "kind": words.dictionary_encode()})
    stream = _stream(table, compression)
    buffers = {b.address: b.size for c in table.columns for a in c.chunks for b in a.buffers() if b}
    held = [*buffers.values(), *(b.size for b in table["kind"].chunk(0).dictionary.buffers() if b)]
    # A stream leaves masks out where nothing is missing, and pads each buffer to 8 or 64 bytes.
    assert sum(held) - 64 * len(held) <= _declared(stream) <= sum(held) + 64 * len(held)
    check_unpacked(stream, _declared(stream), "it")
    with pytest.raises(DataError, match="it unpacks to more than"):
        check_unpacked(stream, _declared(stream) - 1, "it")


def test_what_is_not_compressed_declares_nothing():
    assert _declared(_stream(pa.table({"n": np.zeros(5_000)}), None)) == 0


def test_damage_is_left_to_whoever_reads():
    sound = np.frombuffer(_stream(pa.table({"n": np.zeros(500), "w": ["x"] * 500}), "zstd"), np.uint8)
    draw = np.random.default_rng(0)
    refused = 0
    for _ in range(2_000):
        changed = sound.copy()
        changed[draw.integers(0, len(sound), 3)] = draw.integers(0, 256, 3)
        cut = changed[: draw.integers(1, len(sound) + 1)] if draw.random() < 0.3 else changed
        try:
            check_unpacked(pa.py_buffer(cut.tobytes()), 1 << 20, "it")
        except DataError:  # one that says it is huge by now
            refused += 1
    assert refused < 2_000

"""Pairs as tables of Arrow, for the tests of parquet files."""

import pyarrow as pa

from tests.fixtures import picture_bytes

COLOURS = ["red", "green", "blue", "white", "black"]


IDS = [f"{i:04d}" for i in range(5)]


CAPTIONS = [[f"a {c} square", f"something {c}"] for c in COLOURS]


PICTURES = [picture_bytes(c) for c in COLOURS]


def table_of(**changes):
    columns = {
        "id": IDS,
        "image": PICTURES,
        "captions": CAPTIONS,
        "split": ["train"] * 3 + ["test"] * 2,
        "number": range(5),
    }
    columns |= changes
    return pa.table({k: pa.array(v) for k, v in columns.items() if v is not None})


def reasons_of(pairs):
    return {s.item: s.reason for s in pairs.skipped}


STRUCTS = [{"bytes": p, "path": f"{i}.webp"} for i, p in enumerate(PICTURES)]

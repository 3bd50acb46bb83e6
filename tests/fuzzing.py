"""Mutated files, 200 a reader: whatever the bytes, a reader gives a result or one sentence as an error of ours.

The files are the same in every run; `.ci/fuzz` goes on to 1,000, or to as many as it is told.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sde_core.errors import DataError, SDEError

N_FILES = int(os.environ.get("SDE_FUZZ_FILES", "200"))

Edit = tuple[str, int, int, bytes]
_KINDS = ("flip", "set", "cut", "insert", "repeat", "truncate", "overwrite", "hot")
_TOKENS = (
    b"", b"\0", b"\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff\xff\xff\xff\xff", b"\n", b"\r", b'"', b"\\", b"..",
    b"../", b"/", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\\ud800", b"NaN", b"1e999", b"-1",
    b"9" * 30, b"{", b"]", b"[[[[", b"null", b",", b"\t", b"%s", b"A" * 3_000,
)  # fmt: skip


def edits(recipe: bytes, tokens: Sequence[bytes] = ()) -> list[Edit]:
    """Return an edit for every six bytes of ``recipe``: what, where, how much, and with which bytes.

    One draw of bytes is ten times as fast as a list of tuples, and shrinks as well.
    """
    known = [*_TOKENS, *tokens]
    return [
        (
            _KINDS[recipe[i] % len(_KINDS)],
            recipe[i + 1] << 8 | recipe[i + 2],
            recipe[i + 3] << 8 | recipe[i + 4],
            known[recipe[i + 5] % len(known)],
        )
        for i in range(0, len(recipe) - 5, 6)
    ]


def mutated(content: bytes, changes: list[Edit], hot: Sequence[int] = ()) -> bytes:
    """Return ``content`` with the edits made; ``hot`` are offsets where an edit hurts most."""
    made = bytearray(content)
    for kind, where, much, token in changes:
        at = where * (len(made) + 1) >> 16
        n = (much * (len(made) - at) >> 16) if much % 2 else much % 9
        if kind == "flip" and at < len(made):
            made[at] ^= 1 << (much % 8)
        elif kind == "set" and at < len(made):
            made[at] = much % 256
        elif kind == "cut":
            del made[at : at + n]
        elif kind == "insert":
            made[at:at] = token
        elif kind == "repeat" and len(made) < 1 << 20:
            made[at:at] = made[at : at + n]
        elif kind == "truncate" and much % 4 == 0:
            del made[at:]
        elif kind == "overwrite":
            made[at : at + len(token)] = token
        elif kind == "hot" and hot:
            at = hot[where % len(hot)]
            made[at : at + len(token)] = token or bytes([much % 256])
    return bytes(made)


def check_that_only_data_errors_come(
    path: Path,
    read: Callable[[], object],
    *,
    tokens: Sequence[bytes] = (),
    hot: Sequence[int] = (),
    repair: Callable[[bytes], bytes] | None = None,
    n_files: int = N_FILES,
    error: type[SDEError] = DataError,
) -> None:
    """Write ``n_files`` mutations of the file at ``path`` over it and read each.

    Args:
        path: a good file; it holds a mutation after.
        read: opens and reads everything, with its own checks of what comes back.
        tokens: bytes that mean something in this format.
        hot: offsets of the fields that decide how the file is read.
        repair: makes checksums right again, so that a mutation gets past them; every second file is repaired.
        n_files: how many.
        error: what a refusal is.
    """
    content = path.read_bytes()
    outcomes = {"read": 0, "refused": 0}

    @settings(
        max_examples=n_files,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    @given(st.binary(min_size=7, max_size=37))
    def run(recipe: bytes) -> None:
        is_repaired = recipe[0] % 2 == 0
        made = mutated(content, edits(recipe[1:], tokens), hot)
        path.write_bytes(repair(made) if repair is not None and is_repaired else made)
        refusal = _refusal(read, error)
        outcomes["refused" if refusal else "read"] += 1
        assert "\n" not in refusal.strip(), f"more than one sentence: {refusal}"

    run()
    assert sum(outcomes.values()) >= n_files
    assert outcomes["read"] > n_files // 100, f"hardly a mutation gets past the first check: {outcomes}"


def _refusal(read: Callable[[], object], error: type[SDEError]) -> str:
    try:
        read()
    except error as refused:
        return str(refused) or "an empty sentence\n."
    return ""

"""One real set, written in every format, is the same set: pairs, metadata, content fingerprint."""

import subprocess
import sys
from itertools import islice

import pytest

import sde_core as sde
from sde_core.pairs.fingerprint import content_digest
from tests.sde_core.pairs.formats import WRITERS, Written


@pytest.fixture(scope="module")
def real_set():
    """Forty clip-art drawings in order of their ids, some with one caption; numbers and a text besides."""
    pairs = sorted(islice(sde.open_pairs("clipart/val"), 40), key=lambda p: p.id)
    return [
        Written(
            id=pair.id,
            captions=pair.captions[: 1 + i % 2]
            if i
            else ('a "quoted", caf\u00e9; one\u2028line', *pair.captions),
            picture=pair.read_image(),
            metadata={
                "style": str(pair.metadata["style"]),
                "number": i,
                "score": 0.25 * i,
                "code": f"{i:03d}",
            },
        )
        for i, pair in enumerate(pairs)
    ]


@pytest.fixture(scope="module")
def expected(real_set):
    return content_digest(
        sde.Pair(id=p.id, captions=p.captions, read_image=lambda p=p: p.picture, metadata=p.metadata)
        for p in real_set
    )


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_pairs_and_the_same_fingerprint(name, real_set, expected, tmp_path):
    pairs = sde.open_pairs(WRITERS[name](tmp_path / "set", real_set))
    found = {pair.id: pair for pair in pairs}
    assert sorted(found) == [p.id for p in real_set]
    for wanted in real_set:
        pair = found[wanted.id]
        assert pair.captions == wanted.captions
        assert pair.read_image() == wanted.picture
        assert dict(pair.metadata) == wanted.metadata
        assert pairs.find(wanted.id).captions == wanted.captions
    assert (len(pairs), pairs.skipped) == (40, ())
    assert pairs.content_fingerprint() == expected
    assert sde.open_pairs(pairs.uri).fingerprint == pairs.fingerprint


def test_opening_reads_no_picture(real_set, tmp_path):
    """Audit hooks see every file that Python opens: none of the pictures is among them until one is asked for."""
    folder = WRITERS["csv"](tmp_path / "set", real_set)
    code = (
        "import sys; opened = []\n"
        "sys.addaudithook(lambda name, args: opened.append(str(args[0])) if name == 'open' else None)\n"
        "import sde_core as sde\n"
        "pairs = sde.open_pairs(sys.argv[1]); n = len(list(pairs)); pairs.fingerprint\n"
        "before = [o for o in opened if o.endswith('.webp')]\n"
        "next(iter(pairs)).read_image()\n"
        "print(n, len(before), len([o for o in opened if o.endswith('.webp')]))\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    assert out.stdout.split() == ["40", "0", "1"]

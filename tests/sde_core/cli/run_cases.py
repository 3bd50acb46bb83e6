"""Runs `sde` once for each list of words in a file, in this process; torchrun starts several of them.

Run by test_finetune.py: ``run_cases.py CASES``; each JSON line that is printed gets the name of its case.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

from sde_core.cli import main
from sde_core.training.ranks import join, leave


def run(cases: Path) -> None:
    # Once for all cases: a second group of the same processes would meet the addresses of the first.
    join("gloo")
    for words in json.loads(cases.read_text()):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = main(words)
        name = Path(words[words.index("--output") + 1]).name
        for line in out.getvalue().splitlines():
            print(json.dumps(json.loads(line) | {"case": name}), flush=True)
        if code:
            sys.exit(code)
    leave()


if __name__ == "__main__":
    run(Path(sys.argv[1]))

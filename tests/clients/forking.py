"""Runs one script again and again in forks of one program, which has imported what the script imports.

`python forking.py SCRIPT`: for every line of its input, words as JSON, a fork runs the script as `python SCRIPT WORDS`
does, up to its end as a program. A line of JSON answers: exit status, output and errors.
"""

import json
import os
import runpy
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Answer line after line; in a fork, return where the script has ended."""
    script = sys.argv[1]
    sys.path.insert(0, str(Path(script).parent))  # where a script finds its neighbours
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what imports print is no answer
    runpy.run_path(script, run_name="imported")
    import sde_core.losses  # loaded by name when it is first used, as all of the library
    import sde_core.training  # noqa: F401

    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                sys.argv = [script, *json.loads(line)]
                runpy.run_path(script, run_name="__main__")
                return
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            out.seek(0)
            err.seek(0)
            said = {"code": code, "out": out.read().decode(), "err": err.read().decode()}
            print(json.dumps(said), file=answers, flush=True)


if __name__ == "__main__":
    main()

"""Runs one script again and again in forks of one program, which has imported what the script imports.

`python forking.py SCRIPT`: for every line of its input, words and environments as JSON, a fork for each environment
runs the script as `python SCRIPT WORDS` does, up to its end as a program. A line of JSON answers: exit status of the
first that failed, output and errors of all.
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
        words, environments = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            children = []
            for environment in environments:
                child = os.fork()
                if child == 0:
                    os.dup2(out.fileno(), 1)
                    os.dup2(err.fileno(), 2)
                    os.environ.update(environment)
                    sys.argv = [script, *words]
                    runpy.run_path(script, run_name="__main__")
                    return
                children.append(child)
            codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
            out.seek(0)
            err.seek(0)
            code = next(filter(None, codes), 0)
            said = {"code": code, "out": out.read().decode(), "err": err.read().decode()}
            print(json.dumps(said), file=answers, flush=True)


if __name__ == "__main__":
    main()

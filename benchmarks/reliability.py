"""The tables of docs/reliability.md: `python -m benchmarks.reliability`; `--quick` takes a few kills and visitors.

Each campaign runs as its own command, so that its children are forked before anything has computed.
"""

import argparse
import os
import subprocess
import sys


def main() -> None:
    """Print every section; end with 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="kills; default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the kills; default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="7 kills, 1 and 5 visitors")
    options = parser.parse_args()
    kills = ["--count", "7" if options.quick else str(options.count), "--seed", str(options.seed)]
    load = ["--clients", "1", "5"] if options.quick else []
    failed = 0
    for title, module, words in (
        ("Faults: kills", "benchmarks.kills", kills),
        ("Faults: others", "benchmarks.faults", []),
        ("Load", "benchmarks.load", load),
    ):
        print(f"\n## {title}\n\nLoad of the machine {os.getloadavg()[0]:.1f}.\n", flush=True)
        failed += subprocess.run([sys.executable, "-m", module, *words], check=False).returncode != 0
    raise SystemExit(bool(failed))


if __name__ == "__main__":
    main()

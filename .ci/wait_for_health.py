"""Wait until the dashboard on a port answers that it is healthy; exit 1 if it does not."""

import sys
import time
import urllib.request

URL = f"http://127.0.0.1:{sys.argv[1]}/_stcore/health"
LIMIT_S = 60

started = time.monotonic()
while time.monotonic() - started < LIMIT_S:
    try:
        with urllib.request.urlopen(URL, timeout=5) as answer:
            print(f"healthy after {time.monotonic() - started:.1f} s: {answer.read().decode()}")
            sys.exit(0)
    except OSError:
        time.sleep(0.2)
print(f"no answer from {URL} in {LIMIT_S} s", file=sys.stderr)
sys.exit(1)

#!/usr/bin/env bash
# The demo on one port, called by the name that the space has: bundled sets, nothing kept, no paths, no hub.
set -euo pipefail
exec sde app --demo --address 0.0.0.0 --port "${PORT:-7860}" --host "${SPACE_HOST:-localhost}" \
  --no-browser --max-sessions 20 --max-upload 16

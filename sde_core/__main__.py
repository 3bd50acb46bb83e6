"""`python -m sde_core` is the command line `sde`."""

import sys

from sde_core.cli import main

sys.exit(main())

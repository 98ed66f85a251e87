"""``python -m keysweep_fleet`` is the command ``keysweep-fleet``."""

import sys

from keysweep_fleet.cli import main

if __name__ == "__main__":
    sys.exit(main())

"""A Ray cluster of this machine alone."""

from __future__ import annotations

from typing import Any

from keysweep_fleet.plan import FleetError

# How often a cluster is started until it runs.
STARTS = 3


def start(ray: Any, quiet: dict[str, Any]) -> None:
    """Starts a cluster on this machine.

    Ray gives its own processes 30 seconds to start, which is too little on a busy machine. The next
    attempt is faster, because the files of Ray are then in the system's cache.
    """
    for left in reversed(range(STARTS)):
        try:
            ray.init(address="local", include_dashboard=False, object_store_memory=100 << 20, **quiet)
        except Exception as error:  # Ray has no class for it
            ray.shutdown()
            if not left:
                raise FleetError(f"Ray can't start a local cluster: {error}") from error
        else:
            return

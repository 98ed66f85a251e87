"""Sweeps of many repositories on a Ray cluster: the command ``keysweep-fleet``.

The program ``keysweep`` of the same wheel does the work. This package divides a plan
(``keysweep sweep --list``) into tasks, watches them, and writes what they found as Parquet tables and
as partials for ``keysweep merge``. docs/fleet.md describes it.
"""

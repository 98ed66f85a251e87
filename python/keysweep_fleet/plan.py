"""The targets of a sweep, their estimated cost, and their division into tasks.

Nothing here knows Ray or Parquet.
"""

from __future__ import annotations

import dataclasses
import heapq
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

# Bytes of packs that one core scans in a second: the unit of a plan's weights, docs/fleet.md.
BYTES_A_SECOND = 50e6
# The minimum estimated cost of a target, in seconds: the time to start and record it.
LEAST = 0.005


class FleetError(Exception):
    """An error that the user can correct, with its message."""


@dataclasses.dataclass(frozen=True)
class Target:
    """A line of a plan."""

    name: str
    place: str
    kind: str
    weight: int
    line: str
    seconds: float

    @staticmethod
    def read(line: str, costs: Mapping[str, float], key_of: Callable[[str], str]) -> Target:
        """Reads a line of ``keysweep sweep --list``.

        ``costs`` are seconds that an earlier run measured, by the key of a name.
        """
        fields = json.loads(line)
        weight = int(fields.get("weight", 0))
        seconds = costs.get(key_of(fields["name"]), weight / BYTES_A_SECOND)
        return Target(fields["name"], fields["place"], fields["kind"], weight, line, max(seconds, LEAST))

    def unscanned(self, why: str) -> str:
        """The line of a target that is reported as failed and not scanned."""
        fields: dict[str, Any] = json.loads(self.line)
        kept = {key: fields[key] for key in ("name", "place", "place_bytes") if key in fields}
        return json.dumps({**kept, "kind": "missing", "why": why})


@dataclasses.dataclass(frozen=True)
class Work:
    """Targets that one process scans, and how."""

    targets: tuple[Target, ...]
    # Alone, a target has the full limit, and its result is final.
    alone: bool
    # A very large target gets all processors of a node.
    whole_node: bool = False
    # The number of times that a worker or a node was lost.
    lost: int = 0
    # The number of times that a worker could not do it.
    faults: int = 0

    @property
    def seconds(self) -> float:
        """The estimated processor time."""
        return sum(target.seconds for target in self.targets)

    def split(self) -> list[Work]:
        """Each target by itself."""
        return [Work((target,), alone=True) for target in self.targets]


class Queue:
    """The remaining tasks, the heaviest first."""

    def __init__(self, targets: Iterable[Target], batch_seconds: float) -> None:
        self._batch_seconds = batch_seconds
        # Light ones last; the end of the list is used first.
        self._waiting = sorted(targets, key=lambda target: (target.seconds, target.name))
        self._again: list[tuple[float, int, Work]] = []
        self._count = 0
        self.seconds = sum(target.seconds for target in self._waiting)

    def __bool__(self) -> bool:
        return bool(self._waiting or self._again)

    def add(self, work: Work) -> None:
        """Adds tasks that have to be done again."""
        self._count += 1
        heapq.heappush(self._again, (-work.seconds, self._count, work))
        self.seconds += work.seconds

    def take(self, processors: float) -> Work | None:
        """Takes the next task for a cluster of so many processors.

        Tasks become smaller towards the end, so that all processors end at about the same time.
        """
        size = min(self._batch_seconds, max(self.seconds / (3 * max(processors, 1)), 2.0))
        work = self._next(size)
        if work is not None:
            self.seconds -= work.seconds
        return work

    def _next(self, size: float) -> Work | None:
        heaviest = self._waiting[-1].seconds if self._waiting else -1.0
        if self._again and -self._again[0][0] >= heaviest:
            return heapq.heappop(self._again)[2]
        if not self._waiting:
            return None
        first = self._waiting.pop()
        if first.seconds >= self._batch_seconds:
            return Work((first,), alone=True, whole_node=first.seconds >= 10 * self._batch_seconds)
        taken, total = [first], first.seconds
        while self._waiting and total + self._waiting[-1].seconds <= size:
            taken.append(self._waiting.pop())
            total += taken[-1].seconds
        return Work(tuple(taken), alone=False)

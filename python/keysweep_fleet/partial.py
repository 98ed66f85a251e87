"""Reads and divides what ``keysweep sweep --partial`` writes: a line for the sweep, then each target
with its hits, then the end. schemas/partial.json describes the lines.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any, BinaryIO


@dataclasses.dataclass(frozen=True)
class Section:
    """A target of a partial that is complete, with all of its hits."""

    target: dict[str, Any]
    # The bytes of its hits in the file, and those of all of it.
    begin: int
    hits: int
    end: int

    @property
    def name(self) -> str:
        """Its name, masked if it contains a secret that was found in it."""
        return str(self.target["name"])

    @property
    def why(self) -> str | None:
        """The reason why it was not scanned, or not completely."""
        why: str | None = self.target.get("not_scanned") or self.target.get("failed")
        return why


@dataclasses.dataclass(frozen=True)
class Partial:
    """A partial, which is truncated if the process that wrote it did not end."""

    path: str
    head: bytes
    sections: list[Section]
    # Problems that do not concern a target; None if the partial is truncated.
    problems: list[Any] | None

    @staticmethod
    def read(path: str) -> Partial:
        """Reads it up to where it is complete."""
        sections: list[Section] = []
        head = b""
        try:
            with open(path, "rb") as file:
                head = file.readline()
                while line := file.readline():
                    fields = json.loads(line) if line.endswith(b"\n") else {}
                    if "end" in fields:
                        return Partial(path, head, sections, fields["end"].get("problems", []))
                    begin, hits = file.tell() - len(line), file.tell()
                    if "target" not in fields or not _passes(file, fields["target"]["hits"]):
                        break
                    sections.append(Section(fields["target"], begin, hits, file.tell()))
        except (FileNotFoundError, ValueError):
            pass  # What is complete until then counts.
        return Partial(path, head, sections, None)

    def part(self, sections: list[Section]) -> Iterator[bytes]:
        """The lines of a partial that has these targets and no other one."""
        yield self.head
        with open(self.path, "rb") as file:
            for section in sections:
                file.seek(section.begin)
                while (left := section.end - file.tell()) > 0:
                    yield file.read(min(left, 1 << 20))
        end = {"targets": len(sections), "ended": sections[-1].target["ended"], "interrupted": False}
        yield json.dumps({"end": {**end, "problems": self.problems or [], "notes": []}}).encode() + b"\n"

    def hits(self, sections: list[Section]) -> Iterator[dict[str, Any]]:
        """The hits of these targets."""
        with open(self.path, "rb") as file:
            for section in sections:
                file.seek(section.hits)
                for _ in range(section.target["hits"]):
                    hit: dict[str, Any] = json.loads(file.readline())["hit"]
                    yield hit


def _passes(file: BinaryIO, hits: int) -> bool:
    """Skips hits; returns True if all of them are there."""
    return all(file.readline().endswith(b"\n") for _ in range(hits))

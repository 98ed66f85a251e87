"""The output: Parquet tables ``targets`` and ``occurrences``, and the partials, on any file system.

A part has a file in each of three folders. They are written one after the other, the rows of
``targets`` last, and each at once; a part without them does not count.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import socket
from collections.abc import Callable, Container, Iterable
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs

from keysweep_fleet.partial import Partial, Section
from keysweep_fleet.plan import FleetError, Target

TARGETS, OCCURRENCES, PARTIALS = "targets", "occurrences", "partials"
# Occurrences of a part that are in memory at a time.
ROWS = 20_000

_TYPES = {
    "string": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "strings": pa.list_(pa.string()),
    "time": pa.timestamp("us", tz="UTC"),
    "problems": pa.list_(pa.struct([(name, pa.string()) for name in ("what", "path", "why")])),
}


def _schema(columns: str) -> pa.Schema:
    """A schema of words: NAME for a string, or NAME:TYPE."""
    words = (column.partition(":") for column in columns.split())
    return pa.schema([(name, _TYPES[kind or "string"]) for name, _, kind in words])


TARGET_SCHEMA = _schema(
    """name key kind weight:int failed complete:bool files:int commits:int objects:int bytes:int hits:int
    problems:problems seconds:float cpu_seconds:float peak_bytes:int head branch remote version node
    ended:time part"""
)
OCCURRENCE_SCHEMA = _schema(
    """target fingerprint rule confidence key_id account user expires secret_sha256 session_token_sha256
    marker path path_bytes inside:strings decoded:strings line:int column:int object commit blob
    author_name author_email author_date committer_name committer_email committer_date reachable:bool
    at_head:bool held_by:strings removed_in refs:strings part"""
)


def key_of(name: str) -> str:
    """Identifies a target, whose name is masked in the tables if it contains a secret."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def part_name(targets: Iterable[Target]) -> str:
    """The same targets have the same part, so that a part that is written twice is written once."""
    return "part-" + key_of("\n".join(sorted(target.name for target in targets)))[:20]


def target_row(target: Target, section: Section, version: str, node: str, part: str) -> dict[str, Any]:
    """A row of a target of a partial."""
    found, coverage = section.target, section.target["coverage"]
    repository = found.get("repository") or {}
    row = {key: found.get(key) for key in ("name", "hits", "seconds", "cpu_seconds", "peak_bytes")}
    row.update({key: coverage.get(key) for key in ("files", "commits", "objects", "bytes", "problems")})
    row.update({key: repository.get(key) for key in ("head", "branch", "remote")})
    row.update(key=key_of(target.name), kind=target.kind, weight=target.weight)
    ended = datetime.datetime.fromisoformat(found["ended"].replace("Z", "+00:00"))
    complete = coverage["complete"] and section.why is None
    row.update(failed=section.why, complete=complete, ended=ended)
    row.update(version=version, node=node, part=part)
    return row


def occurrence_row(hit: dict[str, Any], part: str) -> dict[str, Any]:
    """A row of a line of a partial."""
    credential, git = hit["credential"], hit.get("git") or {}
    place = hit.get("id") or hit.get("secret") or [None, None]
    row: dict[str, Any] = {
        key: hit.get(key) for key in ("target", "fingerprint", "confidence", "marker", "path", "path_bytes")
    }
    row.update({key: credential.get(key) for key in ("rule", "key_id", "account", "user", "expires")})
    for key in ("secret", "session_token"):
        row[f"{key}_sha256"] = (credential.get(key) or {}).get("sha256")
    for key in ("object", "commit", "blob", "reachable", "at_head", "removed_in"):
        row[key] = git.get(key)
    for key in ("author", "committer"):
        person = git.get(key) or {}
        row.update({f"{key}_{field}": person.get(field) for field in ("name", "email", "date")})
    row.update({key: hit.get(key, []) for key in ("inside", "decoded")})
    row.update({key: git.get(key, []) for key in ("held_by", "refs")})
    row.update(line=place[0], column=place[1], part=part)
    return row


class Output:
    """A folder, or a place in object storage such as ``s3://bucket/sweep``."""

    def __init__(self, place: str) -> None:
        try:
            if "://" in place:
                self._fs, self._root = fs.FileSystem.from_uri(place)
            else:
                self._fs, self._root = fs.LocalFileSystem(), place
        except (pa.ArrowInvalid, OSError) as error:
            raise FleetError(f"--output {place}: {error}") from error
        # Object storage has no rename; a file appears there when it is complete.
        self._renames = isinstance(self._fs, fs.LocalFileSystem)

    def begin(self) -> None:
        """Records that a sweep is not finished: `keysweep merge` reports this partial, which is truncated."""
        self.put_text(f"{PARTIALS}/unfinished.partial", "")

    def _path(self, *parts: str) -> str:
        return "/".join([self._root.rstrip("/"), *parts])

    def make(self) -> None:
        """Makes the folders."""
        for folder in (TARGETS, OCCURRENCES, PARTIALS):
            self._fs.create_dir(self._path(folder), recursive=True)

    def _put(self, path: str, fill: Callable[[pa.NativeFile], None]) -> None:
        folder, _, name = path.rpartition("/")
        written = f"{folder}/.{name}.writing" if self._renames else path
        try:
            with self._fs.open_output_stream(written) as stream:
                fill(stream)
            if self._renames:
                self._fs.move(written, path)
        except OSError as error:
            raise OSError(f"{path} can't be written on {socket.gethostname()}: {error}") from error

    def put_text(self, name: str, text: str) -> None:
        """Writes a small file."""
        self._put(self._path(name), lambda stream: stream.write(text.encode()))

    def text(self, name: str) -> str | None:
        """Reads a small file; None if there is none."""
        try:
            with self._fs.open_input_stream(self._path(name)) as stream:
                return str(stream.read().decode())
        except FileNotFoundError:
            return None

    def write(self, partial: Partial, found: list[tuple[Target, Section]], node: str) -> str:
        """Writes a part and returns its name: occurrences, then the partial, then the rows of its targets."""
        part = part_name(target for target, _ in found)
        sections = [section for _, section in found]
        version = json.loads(partial.head)["version"]
        rows = [target_row(*both, version=version, node=node, part=part) for both in found]

        def occurrences(stream: pa.NativeFile) -> None:
            with pq.ParquetWriter(stream, OCCURRENCE_SCHEMA, compression="zstd") as writer:
                hits = partial.hits(sections)
                while batch := [occurrence_row(hit, part) for hit in itertools.islice(hits, ROWS)]:
                    writer.write_table(pa.Table.from_pylist(batch, OCCURRENCE_SCHEMA))

        def lines(stream: pa.NativeFile) -> None:
            for block in partial.part(sections):
                stream.write(block)

        def targets(stream: pa.NativeFile) -> None:
            pq.write_table(pa.Table.from_pylist(rows, TARGET_SCHEMA), stream, compression="zstd")

        self._put(self._path(OCCURRENCES, part + ".parquet"), occurrences)
        self._put(self._path(PARTIALS, part + ".partial"), lines)
        self._put(self._path(TARGETS, part + ".parquet"), targets)
        return part

    def _files(self, folder: str) -> list[fs.FileInfo]:
        selector = fs.FileSelector(self._path(folder), allow_not_found=True)
        return [file for file in self._fs.get_file_info(selector) if file.is_file]

    def rows(self, columns: list[str]) -> list[dict[str, Any]]:
        """The rows of ``targets``."""
        paths = [file.path for file in self._files(TARGETS) if _part(file)]
        if not paths:
            return []
        table = ds.dataset(paths, TARGET_SCHEMA, "parquet", self._fs).to_table(columns)
        found: list[dict[str, Any]] = table.to_pylist()
        return found

    def tidy(self, parts: Container[str]) -> None:
        """Deletes all parts but these, and what interrupted runs left.

        The rows of targets go first: what is left of a part then does not count.
        """
        for folder in (TARGETS, OCCURRENCES, PARTIALS):
            for file in self._files(folder):
                if _part(file) not in parts:
                    self._fs.delete_file(file.path)


def _part(file: fs.FileInfo) -> str:
    """The part of a file; empty for one that is being written."""
    name: str = file.base_name
    return name.partition(".")[0]

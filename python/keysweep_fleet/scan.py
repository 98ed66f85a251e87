"""One task on a worker: runs ``keysweep sweep`` on some targets and writes a part of the output.

No secret leaves the process ``keysweep``: it writes digests to its partial, and nothing it prints is
kept but the end of its messages.
"""

from __future__ import annotations

import ctypes
import dataclasses
import importlib.metadata
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from keysweep_fleet.partial import Partial, Section
from keysweep_fleet.plan import FleetError, Target, Work
from keysweep_fleet.tables import Output

# Seconds beyond its own limits after which a process is killed: it hangs where it can't end itself.
GRACE = 15.0
# Reasons of keysweep for which a target is worth a second try, alone and with the full limit.
PASSING = re.compile(r"time limit|ended first|killed|its process|no progress")


@dataclasses.dataclass(frozen=True)
class Settings:
    """The parameters that all tasks of a run share."""

    output: str
    # The program; if it is None, the one of the same wheel on the worker.
    keysweep: str | None
    version: str
    options: tuple[str, ...]
    stage: str | None
    # Seconds: for each target in the first try, for all of a first try, and for a target alone.
    first_limit: float
    batch_limit: float
    full_limit: float


@dataclasses.dataclass
class Outcome:
    """The results of the targets of a task."""

    node: str
    parts: list[str] = dataclasses.field(default_factory=list)
    # Names of targets that are written, and of those that are to be scanned again, each alone.
    done: list[str] = dataclasses.field(default_factory=list)
    again: list[str] = dataclasses.field(default_factory=list)
    # Names for people, with reasons.
    failed: list[tuple[str, str]] = dataclasses.field(default_factory=list)


def find_program(given: str | None) -> str:
    """The program of the wheel that this package is from, unless another one is given."""
    if given is not None:
        return given
    try:
        files = importlib.metadata.distribution("keysweep").files or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in ("keysweep", "keysweep.exe"):
            return str(Path(str(file.locate())).resolve())
    found = shutil.which("keysweep", path=os.path.dirname(sys.executable))
    if found is None:
        raise FleetError(
            "the program keysweep is not next to this package: install the wheel with "
            "`pip install keysweep`, or name the program with --keysweep PATH"
        )
    return found


def version_of(program: str) -> str:
    """The output of ``keysweep --version``."""
    try:
        ran = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise FleetError(f"{program} can't be run on {socket.gethostname()}: {error}") from error
    return ran.stdout.strip()


_CHECKED: dict[str, str] = {}


def check_program(settings: Settings) -> str:
    """The program of this worker, which has the version of the driver's."""
    program = find_program(settings.keysweep)
    if program not in _CHECKED:
        _CHECKED[program] = version_of(program)
    if _CHECKED[program] != settings.version:
        raise FleetError(
            f"{socket.gethostname()} has {_CHECKED[program]}, and the driver has {settings.version}: "
            "install the same wheel everywhere"
        )
    return program


def run(work: Work, settings: Settings, threads: int, memory: int, final: str = "") -> Outcome:
    """Scans the targets of a task and writes them. With ``final``, they are not scanned but failed."""
    os.umask(0o077)
    program = check_program(settings)
    output = Output(settings.output)
    with tempfile.TemporaryDirectory(prefix="keysweep-", dir=settings.stage) as scratch:
        file = os.path.join(scratch, "found.partial")
        limit, kill = settings.first_limit, settings.batch_limit
        if final:
            lines = [target.unscanned(final) for target in work.targets]
        else:
            lines = _lines(work, settings, scratch)
            if work.alone:
                limit = settings.full_limit
                # keysweep itself kills a process that does not end at the limit, a little later.
                kill = 1.5 * limit + GRACE
        command = [program, "sweep", "--stdin", "--partial", file, "--fail-on", "never"]
        command += ["--quiet", "--no-progress", "--threads", str(threads), "--jobs", "1"]
        command += ["--target-timeout", f"{limit:.0f}s", "--max-memory", str(memory), *settings.options]
        status = _watched(command, lines, scratch, kill)
        partial = Partial.read(file)
        if not partial.sections and status.code == 2:
            raise FleetError(f"keysweep refused to run on {socket.gethostname()}: {status.message}")
        outcome = _write(work, output, partial, bool(final))
    if outcome.done or final or not work.alone:
        return outcome
    # Alone it left nothing: it is tried once more, and then reported.
    if work.lost:
        return run(work, settings, threads, memory, final=status.words())
    return run(dataclasses.replace(work, lost=1), settings, threads, memory)


def _write(work: Work, output: Output, partial: Partial, final: bool) -> Outcome:
    """Writes the parts of what is finished: one of all targets that were scanned, and one of each
    that failed, so that a later run can do that one again.
    """
    outcome = Outcome(socket.gethostname())
    planned = {target.name: target for target in work.targets}
    if work.alone and len(partial.sections) == 1:
        # A name that contains a secret is masked; alone it is clear whose it is.
        planned = {partial.sections[0].name: work.targets[0]}
    good: list[tuple[Target, Section]] = []
    for section in partial.sections if work.alone or not partial.problems else []:
        target = planned.get(section.name)
        may_pass = section.why is not None and PASSING.search(section.why) is not None
        if target is None or (may_pass and not (work.alone or final)):
            continue
        outcome.done.append(target.name)
        if section.why is None:
            good.append((target, section))
        else:
            outcome.failed.append((section.name, section.why))
            outcome.parts.append(output.write(partial, [(target, section)], outcome.node))
    if good:
        outcome.parts.append(output.write(partial, good, outcome.node))
    done = set(outcome.done)
    outcome.again = [target.name for target in work.targets if target.name not in done]
    return outcome


@dataclasses.dataclass(frozen=True)
class Status:
    """The end of a process."""

    code: int
    message: str
    killed: bool

    def words(self) -> str:
        """In words for a report."""
        if self.killed:
            return "its process did not end at its time limit, and was killed twice"
        if self.code < 0:
            return f"its process was killed twice by {signal.Signals(-self.code).name}"
        return f"its process ended twice with status {self.code}: {self.message}"


def _watched(command: list[str], lines: list[str], scratch: str, limit: float) -> Status:
    """Runs a process, and kills it and its children at the time limit."""
    errors = os.path.join(scratch, "stderr")
    plan = os.path.join(scratch, "plan.jsonl")
    with open(plan, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    with open(plan, "rb") as stdin, open(errors, "wb") as stderr:
        process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        killed = False
        try:
            process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            killed = True
        finally:
            _kill_group(process)
    with open(errors, "rb") as file:
        message = file.read()[-2000:].decode("utf-8", "replace").strip()
    return Status(process.returncode, message.splitlines()[-1] if message else "", killed)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kills a process and its children, as far as they still run."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # All have ended.
    process.wait()


_PRCTL = getattr(ctypes.CDLL(None), "prctl", None) if os.name == "posix" else None
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Between fork and exec: the kernel kills this process when the worker dies."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _lines(work: Work, settings: Settings, scratch: str) -> list[str]:
    """The lines of the targets, with ``--stage`` those of copies."""
    if settings.stage is None:
        return [target.line for target in work.targets]
    return [
        staged(target, os.path.join(scratch, f"stage-{number}"))
        for number, target in enumerate(work.targets)
    ]


def staged(target: Target, copy: str) -> str:
    """Copies a repository to a local disk and returns the line of the copy.

    Only a repository that needs nothing outside of itself is copied; others are scanned in their place.
    What can't be copied is scanned in its place as well, and keysweep reports what is wrong with it.
    """
    fields: dict[str, Any] = json.loads(target.line)
    place = Path(target.place)
    git = place if fields.get("bare") else place / ".git"
    is_whole = git.is_dir() and not (git / "objects/info/alternates").exists()
    is_plain = target.kind == "repository" and not fields.get("why") and "place_bytes" not in fields
    if not (is_whole and is_plain):
        return target.line
    apart = {str(place / inner) for inner in fields.get("apart", [])}

    def ignored(folder: str, names: list[str]) -> list[str]:
        paths = [(name, os.path.join(folder, name)) for name in names]
        return [name for name, path in paths if path in apart or not _can_copy(path)]

    try:
        shutil.copytree(place, copy, symlinks=True, ignore=ignored)
    except (OSError, shutil.Error):
        shutil.rmtree(copy, ignore_errors=True)
        return target.line
    fields["place"] = os.path.realpath(copy)
    return json.dumps(fields)


def _can_copy(path: str) -> bool:
    """Sockets, devices and FIFOs are not scanned either."""
    return os.path.islink(path) or os.path.isdir(path) or os.path.isfile(path)

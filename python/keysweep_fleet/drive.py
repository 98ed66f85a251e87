"""The driver: gives tasks to a Ray cluster until every target is written or reported."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import secrets
import subprocess
import sys
import time
from typing import Any

from keysweep_fleet import local, scan
from keysweep_fleet.plan import FleetError, Queue, Work

# Attempts on other workers after a task was lost or could not be done.
TRIES = 2
LINE_SECONDS = 1.0
ROW_SECONDS = 30.0


def connect(address: str | None) -> Any:
    """Imports Ray and connects it: to a cluster, or to one of its own on this machine.

    Ray runs whatever a client of the cluster asks for, so a cluster that others can reach needs a
    token. Ray reads its variables when it is imported.
    """
    token = os.environ.get("RAY_AUTH_MODE") == "token"
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address is None:
        # Ray listens on all interfaces, even for a cluster of one machine.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    elif not token and address != "auto" and not is_loopback(address.rpartition(":")[0]):
        raise _no_token(address)
    try:
        import ray as engine
    except ImportError as error:
        raise FleetError(
            "Ray is not installed here: pip install 'keysweep[ray]', on every node of a cluster"
        ) from error
    ray: Any = engine
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address is None:
            local.start(ray, quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        place = "a local cluster" if address is None else f"the cluster at {address}"
        raise FleetError(f"Ray can't reach {place}: {error}") from error
    hosts = {node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]}
    if address is not None and not all(is_loopback(host) for host in hosts):
        if not token or _is_open(ray.get_runtime_context().gcs_address):
            ray.shutdown()
            raise _no_token(address)
    return ray


def _is_open(address: str) -> bool:
    """True if a cluster accepts clients without a token. A token on this machine does not prove the contrary."""
    script = "import sys; from ray._raylet import GcsClient; GcsClient(address=sys.argv[1])"
    variables = {**os.environ, "RAY_AUTH_MODE": "disabled"}
    command = [sys.executable, "-c", script, address]
    return subprocess.run(command, env=variables, capture_output=True, check=False).returncode == 0


def is_loopback(host: str) -> bool:
    """True if only this machine can connect to a host."""
    host = host.strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _no_token(address: str) -> FleetError:
    return FleetError(
        f"the cluster at {address} has no token, and everybody who reaches it can run any program "
        "there: start it with RAY_AUTH_MODE=token (`ray get-auth-token --generate` makes one), and "
        "set the same here; a cluster on 127.0.0.1 needs none"
    )


@dataclasses.dataclass(frozen=True)
class Task:
    """The resources that a task needs."""

    processors: int
    memory: int


@dataclasses.dataclass
class Totals:
    """The results of all targets."""

    done: int = 0
    failed: int = 0
    parts: set[str] = dataclasses.field(default_factory=set)


class Driver:
    """Keeps the cluster busy."""

    def __init__(
        self, ray: Any, queue: Queue, settings: scan.Settings, task: Task, total: int, progress: bool
    ) -> None:
        self._ray = ray
        self._queue = queue
        self._settings = settings
        self._task = task
        self._progress = Progress(total, progress)
        self._running: dict[Any, Work] = {}
        self._needs: dict[Any, Task] = {}
        # A task may use what it asks for: it starts a process with so many threads.
        self._remote = ray.remote(max_retries=0)(scan.run)
        self.totals = Totals()

    def run(self) -> Totals:
        """Works until nothing is left to do."""
        while self._queue or self._running:
            nodes = self._nodes()
            self._fill(nodes)
            ready, _ = self._ray.wait(list(self._running), timeout=1.0)
            for reference in ready:
                self._needs.pop(reference)
                self._take(self._running.pop(reference), reference)
            remaining = self._queue.seconds + sum(work.seconds for work in self._running.values())
            self._progress.show(self.totals, len(self._running), remaining, bool(self._queue))
        self._progress.end()
        return self.totals

    def _nodes(self) -> list[Task]:
        """The nodes that can do at least a small task; waits for one."""
        while True:
            alive = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
            nodes = [Task(int(it.get("CPU", 0)), int(it.get("memory", 0))) for it in alive]
            able = [it for it in nodes if it.processors >= 1 and it.memory >= self._task.memory]
            if able:
                self._give_up_what_fits_nowhere(able)
                return able
            if not self._running and not self.totals.done:
                most = max((node.memory for node in nodes), default=0) >> 20
                raise FleetError(
                    f"no node of the cluster has a processor and {self._task.memory >> 20} MiB of "
                    f"memory; the largest has {most} MiB: lower --memory, or add a node"
                )
            self._progress.say("no node is left that can do a task: waiting for one")
            time.sleep(5)

    def _give_up_what_fits_nowhere(self, nodes: list[Task]) -> None:
        """Cancels tasks for nodes that are gone, which would wait for ever."""
        for reference, need in list(self._needs.items()):
            fits = any(node.processors >= need.processors and node.memory >= need.memory for node in nodes)
            if not fits:
                self._ray.cancel(reference, force=True)
                self._queue.add(self._running.pop(reference))
                self._needs.pop(reference)

    def _fill(self, nodes: list[Task]) -> None:
        at_once = sum(min(node.processors, node.memory // self._task.memory) for node in nodes)
        while self._queue and len(self._running) < at_once + at_once // 2 + 1:
            work = self._queue.take(at_once)
            if work is None:
                return
            need = self._task
            if work.whole_node:
                largest = max(nodes, key=lambda node: (node.processors, node.memory))
                most = max(int(largest.memory * 0.8), self._task.memory)
                wanted = self._task.memory * largest.processors
                need = Task(largest.processors, min(wanted, most))
            elif work.alone:
                # A target that failed for lack of memory gets twice as much, if a node has it.
                most = max(node.memory for node in nodes)
                need = Task(1, min(2 * self._task.memory, most))
            remote = self._remote.options(num_cpus=need.processors, memory=need.memory)
            final = "" if work.lost < TRIES else "its worker was lost twice, with all that it ran"
            reference = remote.remote(work, self._settings, need.processors, need.memory, final)
            self._running[reference] = work
            self._needs[reference] = need

    def _take(self, work: Work, reference: Any) -> None:
        """Takes the result of a task."""
        errors = self._ray.exceptions
        try:
            outcome: scan.Outcome = self._ray.get(reference)
        except errors.RayTaskError as error:
            cause = getattr(error, "cause", error)
            if "No module named 'keysweep_fleet'" in str(cause):
                cause = FleetError(
                    "a worker has no keysweep_fleet: pip install 'keysweep[ray]' on every node"
                )
            if work.faults >= TRIES or isinstance(cause, FleetError):
                raise FleetError(str(cause).partition("\n")[0]) from None
            self._queue.add(dataclasses.replace(work, faults=work.faults + 1))
            return
        except errors.RayError:
            # The worker or its node died. Only if a target was alone is it known to be the cause.
            if work.lost + 1 < TRIES or work.alone:
                self._queue.add(dataclasses.replace(work, lost=work.lost + 1))
            else:
                for part in work.split():
                    self._queue.add(part)
            return
        again = set(outcome.again)
        for target in work.targets:
            if target.name in again:
                self._queue.add(Work((target,), alone=True))
        self.totals.parts.update(outcome.parts)
        self.totals.done += len(outcome.done)
        self.totals.failed += len(outcome.failed)
        for name, why in outcome.failed:
            self._progress.say(f"{name}: failed on {outcome.node}: {why}")


class Progress:
    """A line on a terminal, or a row now and then."""

    def __init__(self, total: int, wanted: bool) -> None:
        self._total = total
        self._wanted = wanted
        self._began = time.monotonic()
        self._shown = self._began
        self._first: float | None = None
        self._line = sys.stderr.isatty()

    def show(self, totals: Totals, running: int, remaining: float, waiting: bool) -> None:
        """Shows the progress of the sweep; ``remaining`` is estimated processor time.

        When all that is left is running, the estimate was too low for some of it, and none is shown.
        """
        now = time.monotonic()
        if self._first is None:
            self._first = remaining
        if not self._wanted or now - self._shown < (LINE_SECONDS if self._line else ROW_SECONDS):
            return
        self._shown = now
        text = f"{totals.done}/{self._total} targets, {running} tasks"
        text += f", {totals.failed} failed" if totals.failed else ""
        over = self._first - remaining
        if over > 0 and waiting:
            text += f"; about {_roughly(remaining * (now - self._began) / over)} left"
        print(
            f"\r\x1b[K{text}" if self._line else text,
            end="" if self._line else "\n",
            file=sys.stderr,
            flush=True,
        )

    def say(self, text: str) -> None:
        """Prints a message."""
        print(f"\r\x1b[K{text}" if self._line and self._wanted else text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Removes the line."""
        if self._line and self._wanted:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _roughly(seconds: float) -> str:
    if seconds < 60:
        return f"{int(seconds / 5 + 1) * 5} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"

"""The command line of ``keysweep-fleet``."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from keysweep_fleet.plan import FleetError, Queue, Target

DESCRIPTION = """\
Sweeps many repositories on a Ray cluster, or on this machine, and writes Parquet tables and partials.
The same command again does what is missing. `keysweep merge DIR` makes the report.
"""
AFTER = """\
Options after -- go to `keysweep sweep`, such as -- --no-ignore --config rules.toml.
Exit status: 0 every target was scanned completely, 3 some were not, 2 usage, 130 interrupted.
"""
# Options of the sweep that this command sets itself.
OWN_OPTIONS = set(
    "--stdin --partial --list --shard --resume --since --jobs --threads -j --timeout --target-timeout "
    "--max-memory --output -o --format -f --fail-on --quiet -q --no-progress --verify --verify-dry-run "
    "--only-live --show-secrets".split()
)
_PATH = os.path.abspath


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    options: list[tuple[str, str, Callable[[str], Any], Any, str]] = [
        (
            "--plan",
            "FILE",
            str,
            None,
            "targets that `keysweep sweep --list --format jsonl` wrote; - is stdin",
        ),
        ("--output", "DIR", str, None, "a folder that all nodes see, or s3://BUCKET/PREFIX"),
        ("--status", "DIR", str, None, "say how far the sweep of this output is, and do nothing"),
        ("--address", "ADDRESS", str, None, "the Ray cluster: auto or HOST:PORT [default: this machine]"),
        ("--keysweep", "PATH", _PATH, None, "the program, on every node [default: that of the wheel]"),
        ("--stage", "DIR", _PATH, None, "copy repositories to this local folder before they are scanned"),
        ("--costs", "DIR", str, None, "the output of an earlier sweep, which says what each target costs"),
        ("--memory", "SIZE", size, 2 << 30, "memory of a task [default: 2G]"),
        ("--target-timeout", "TIME", duration, 3600.0, "end a target after TIME [default: 1h]"),
        ("--batch", "TIME", duration, 30.0, "estimated processor time of a task [default: 30s]"),
    ]
    plain = argparse.RawDescriptionHelpFormatter
    args = argparse.ArgumentParser("keysweep-fleet", None, DESCRIPTION, AFTER, formatter_class=plain)
    args.add_argument("places", nargs="*", metavar="PLACE", help="repositories and folders of them")
    for name, metavar, kind, default, text in options:
        args.add_argument(name, metavar=metavar, type=kind, default=default, help=text)
    args.add_argument("--no-progress", action="store_true", help="show no progress")
    return args


def size(text: str) -> int:
    """Bytes: a number and K, M or G."""
    read = re.fullmatch(r"(\d+)([KMG]?)", text.upper())
    if read is None:
        raise argparse.ArgumentTypeError("expected a size such as 500M or 2G")
    return int(read[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[read[2]]


def duration(text: str) -> float:
    """Seconds: a number and s, m or h."""
    read = re.fullmatch(r"(\d+)([smh]?)", text)
    if read is None or int(read[1]) == 0:
        raise argparse.ArgumentTypeError("expected a time such as 30s, 10m or 1h")
    return float(int(read[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[read[2]])


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    at = words.index("--") if "--" in words else len(words)
    args, options = parser().parse_args(words[:at]), absolute(words[at + 1 :])
    try:
        if args.status is not None:
            return status(args.status)
        check(args, options)
        return fleet(args, options)
    except FleetError as error:
        print(f"keysweep-fleet: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("keysweep-fleet: interrupted: the same command does what is left", file=sys.stderr)
        return 130


def check(args: argparse.Namespace, options: list[str]) -> None:
    """Refuses arguments that mean nothing."""
    if args.output is None:
        raise FleetError("--output DIR is required: where the tables and partials are written")
    if not args.places and args.plan is None:
        raise FleetError("name what to sweep: PLACE..., or --plan FILE")
    if args.places and args.plan is not None:
        raise FleetError("PLACE and --plan: give either, because names of places depend on all of them")
    for option in options:
        if option.partition("=")[0] in OWN_OPTIONS:
            raise FleetError(f"{option} after --: keysweep-fleet sets it itself, see --help")
    if args.stage is not None and not os.path.isdir(args.stage):
        raise FleetError(f"--stage {args.stage} is not a folder")


def absolute(options: list[str]) -> list[str]:
    """Workers have another current folder, so a file that an option names needs its absolute path."""
    found = list(options)
    for at, option in enumerate(options):
        if option.startswith("--config="):
            found[at] = "--config=" + os.path.abspath(option.partition("=")[2])
        elif at and options[at - 1] == "--config":
            found[at] = os.path.abspath(option)
    return found


def output_place(place: str) -> str:
    """Workers have another current folder, so a folder needs its absolute path."""
    return place if "://" in place else os.path.abspath(place)


def read_plan(args: argparse.Namespace, options: list[str], program: str) -> list[str]:
    """The lines of the plan."""
    if args.plan == "-":
        text = sys.stdin.buffer.read()
    elif args.plan is not None:
        try:
            with open(args.plan, "rb") as file:
                text = file.read()
        except OSError as error:
            raise FleetError(f"--plan {args.plan}: {error.strerror}") from error
    else:
        places = [os.path.abspath(place) for place in args.places]
        command = [program, "sweep", "--list", "--format", "jsonl", *options, "--", *places]
        text = listed(command, b"")
    if args.plan is not None:
        # The program checks the lines, and gives each target once.
        text = listed([program, "sweep", "--list", "--format", "jsonl", "--stdin", *options], text)
    return text.decode().splitlines()


def listed(command: list[str], text: bytes) -> bytes:
    """A plan that keysweep wrote."""
    ran = subprocess.run(command, input=text, capture_output=True, check=False)
    # 3: an argument that is not there is a target that failed.
    if ran.returncode not in (0, 3) or not ran.stdout:
        raise FleetError(f"no plan: {ran.stderr.decode('utf-8', 'replace').strip() or 'no target'}")
    return ran.stdout


def fleet(args: argparse.Namespace, options: list[str]) -> int:
    """Does the sweep."""
    # They need Ray and pyarrow, which --help does not.
    try:
        from keysweep_fleet import drive, scan
        from keysweep_fleet.tables import Output, key_of
    except ImportError as error:
        raise FleetError(f"{error}: pip install 'keysweep[ray]'") from error

    program = scan.find_program(args.keysweep)
    version = scan.version_of(program)
    place = output_place(args.output)
    output = Output(place)
    output.make()
    remember(output, version, options)
    done = output.rows(["key", "failed", "part", "cpu_seconds", "seconds"])
    again = {row["part"] for row in done if row["failed"] is not None}
    kept = {row["part"] for row in done} - again
    output.tidy(kept)
    finished = {row["key"] for row in done if row["part"] in kept}
    measured = (
        Output(output_place(args.costs)).rows(["key", "cpu_seconds", "seconds"]) if args.costs else []
    )
    costs = {row["key"]: row["cpu_seconds"] or row["seconds"] or 0.0 for row in [*measured, *done]}
    targets = [
        target
        for target in (Target.read(line, costs, key_of) for line in read_plan(args, options, program))
        if key_of(target.name) not in finished
    ]
    total = len(targets) + len(finished)
    print(f"{total} targets, {len(finished)} of them done before", file=sys.stderr)
    if targets:
        settings = scan.Settings(
            output=place,
            keysweep=args.keysweep,
            version=version,
            options=tuple(options),
            stage=args.stage,
            first_limit=2 * args.batch,
            batch_limit=4 * args.batch,
            full_limit=args.target_timeout,
        )
        output.begin()
        ray = drive.connect(args.address)
        try:
            queue = Queue(targets, args.batch)
            task = drive.Task(1, args.memory)
            driver = drive.Driver(ray, queue, settings, task, len(targets), not args.no_progress)
            totals = driver.run()
        finally:
            ray.shutdown()
        # A worker that was given up may have written after all.
        output.tidy(kept | totals.parts)
    return status(place)


def remember(output: Any, version: str, options: list[str]) -> None:
    """Notes what the parts have in common; other parts would not fit to them."""
    mine = {"fleet": 1, "keysweep": version, "options": options}
    text = output.text("fleet.json")
    try:
        theirs = mine if text is None else json.loads(text)
    except ValueError:
        theirs = None
    if theirs != mine:
        raise FleetError(
            "the output is of a sweep with other options or another version of keysweep: finish it with "
            "those, or name another output"
        )
    if text is None:
        output.put_text("fleet.json", json.dumps(mine) + "\n")


def status(place: str) -> int:
    """Says how far a sweep is."""
    try:
        from keysweep_fleet.tables import Output
    except ImportError as error:
        raise FleetError(f"{error}: pip install 'keysweep[ray]'") from error
    columns = ["name", "failed", "complete", "bytes", "cpu_seconds", "seconds"]
    output = Output(output_place(place))
    if output.text("fleet.json") is None:
        raise FleetError(f"{place} is not the output of keysweep-fleet")
    rows = output.rows(columns)
    failed = [row for row in rows if row["failed"] is not None]
    incomplete = [row for row in rows if not row["complete"] and row["failed"] is None]
    cost = sum(row["cpu_seconds"] or 0.0 for row in rows)
    scanned = sum(row["bytes"] or 0 for row in rows)
    print(
        f"{len(rows)} targets done, {len(failed)} failed, {len(incomplete)} incomplete; "
        f"{scanned / 1e9:.1f} GB in {cost / 3600:.2f} hours of processor time"
    )
    for row in failed[:20]:
        print(f"failed: {row['name']}: {row['failed']}")
    if len(failed) > 20:
        print(f"and {len(failed) - 20} more")
    return 3 if failed or incomplete else 0

#!/usr/bin/env python3
"""What a pre-commit hook adds to `git commit` in a repository of 10,000 files.

Needs git, and the programs to compare on the PATH; those that are missing are left out:
    cargo install ripsecrets; pip install kingfisher-bin
    go install github.com/zricethezav/gitleaks/v8@latest
Then: cargo build --release && PATH=$PWD/target/release:$PATH python3 benches/hook.py

All hooks take turns in one run, so that the machine's mood is the same for all; the median counts.
Processor time is printed next to wall time: a busy machine stretches only the latter.
"""

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

NAME = "a hook that does nothing"
NOTHING = "#!/bin/sh\n:\n"
RIPSECRETS = (
    "#!/bin/sh\n"
    "exec ripsecrets --strict-ignore `git diff --cached --name-only --diff-filter=ACM`\n"
)
KINGFISHER = (
    "#!/bin/sh\nexec kingfisher scan . --staged --quiet --no-validate --no-update-check\n"
)
GITLEAKS = "#!/bin/sh\nexec gitleaks git --pre-commit --staged --redact --no-banner --log-level error\n"


def git(folder, *arguments):
    subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "gc.auto=0", *arguments],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    )


def make(folder, files):
    """A repository of source files of about 1.5 kB, the same in every run."""
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(500)]
    for number in range(files):
        path = os.path.join(folder, f"src/{number % 100:02}/{number:05}.py")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        lines = (
            "def {}({}):\n    return {} + {}\n".format(*chance.choices(words, k=4))
            for _ in range(35)
        )
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(lines)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "files")


def install(folder, hook):
    path = os.path.join(folder, ".git/hooks/pre-commit")
    if os.path.exists(path):
        os.remove(path)
    if hook == "keysweep":
        subprocess.run(["keysweep", "install-hook", folder], check=True, stdout=subprocess.DEVNULL)
    else:
        with open(path, "w", encoding="utf-8") as file:
            file.write(hook)
        os.chmod(path, 0o755)


def commit(folder, number, changed):
    """Changes files and commits them; gives the commit's wall and processor time in milliseconds."""
    for file in range(changed):
        with open(os.path.join(folder, f"src/{file % 100:02}/{file:05}.py"), "a") as out:
            out.write(f"x = {number}\n")
    git(folder, "add", "-A")
    before, start = processor(), time.perf_counter()
    git(folder, "commit", "-qm", f"change {number}")
    return (time.perf_counter() - start) * 1000, processor() - before


def processor():
    """Processor time of all children so far, in milliseconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--changed", type=int, default=1, help="files that each commit changes")
    parser.add_argument("--rounds", type=int, default=15)
    typed = parser.parse_args()
    hooks = {NAME: NOTHING}
    for name, hook in [
        ("keysweep", "keysweep"),
        ("ripsecrets", RIPSECRETS),
        ("kingfisher", KINGFISHER),
        ("gitleaks", GITLEAKS),
    ]:
        if shutil.which(name):
            hooks[name] = hook
        else:
            print(f"{name} is not on the PATH: left out", file=sys.stderr)
    times = {name: [] for name in hooks}
    with tempfile.TemporaryDirectory() as folder:
        make(folder, typed.files)
        # The first round warms caches, and is not counted.
        for number in range(typed.rounds + 1):
            for name, hook in hooks.items():
                install(folder, hook)
                took = commit(folder, f"{number}{len(name)}", typed.changed)
                if number > 0:
                    times[name].append(took)
    print(f"{typed.files} files, {typed.changed} changed, {typed.rounds} commits each")
    print(f"{'hook':<26}{'commit, ms':>12}{'adds, ms':>10}{'of cpu':>8}{'keysweep is':>14}{'of cpu':>8}")
    added = {name: added_by(all_times, times[NAME]) for name, all_times in times.items()}
    for name, all_times in times.items():
        median = statistics.median(wall for wall, _ in all_times)
        line = f"{name:<26}{median:>12.1f}{added[name][0]:>10.1f}{added[name][1]:>8.1f}"
        if name not in ("keysweep", NAME) and "keysweep" in added:
            ratios = [f"1/{other / own:.1f}" for other, own in zip(added[name], added["keysweep"])]
            line += f"{ratios[0]:>14}{ratios[1]:>8}"
        print(line)


def added_by(all_times, base):
    """What a hook adds to a commit, wall and processor: round by round, as neighbours are alike."""
    pairs = zip(all_times, base)
    differences = [(took[0] - nothing[0], took[1] - nothing[1]) for took, nothing in pairs]
    return [statistics.median(column) for column in zip(*differences)]


main()

#!/usr/bin/env python3
"""What inputs made to exhaust a scanner cost: peak memory, and time against harmless input.

    cargo build --release && python3 benches/hostile.py [--program PATH] [--only WORD] [--small]

Makes each input in a temporary folder, with random keys, and scans it by the defaults. The harmless
input is plain text, of as many bytes as the report says were read: what is packed counts unpacked.
Prints a line each: status, seconds, peak memory of the process (mapped files included), bytes read,
and how many times longer than the harmless input it took, processor time of both: with a report in
JSON, in which each finding has all its steps, and with one in text, the default. Needs Python and git
alone.
"""

import argparse
import base64
import bz2
import gzip
import hashlib
import io
import lzma
import os
import random
import string
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path

RANDOM = random.SystemRandom()
ID = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
SECRET = string.ascii_letters + string.digits + "+/"


def key():
    return "AK" + "IA" + "".join(RANDOM.choices(ID, k=16))


def secret():
    return "".join(RANDOM.choices(SECRET, k=40))


def pair():
    return f"aws_access_key_id = {key()}\naws_secret_access_key = {secret()}\n"


def git(folder, *arguments, stdin=None):
    person = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a", "GIT_COMMITTER_NAME": "a",
              "GIT_COMMITTER_EMAIL": "a", "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = subprocess.run(["git", *arguments], cwd=folder, input=stdin, check=True,
                          stdout=subprocess.PIPE, env={**os.environ, **person})
    return done.stdout.decode().strip()


def repository(folder):
    git(folder, "init", "-q", "-b", "main", ".")
    return folder


def loose(folder, kind, body, level=1):
    """Writes a loose object without having git read it."""
    text = b"%s %d\0" % (kind.encode(), len(body)) + body
    name = hashlib.sha1(text).hexdigest()
    path = folder / ".git/objects" / name[:2]
    path.mkdir(exist_ok=True)
    (path / name[2:]).write_bytes(zlib.compress(text, level))
    return name


def commit(folder, tree):
    made = git(folder, "commit-tree", "-m", "x", tree)
    git(folder, "update-ref", "refs/heads/main", made)


def texts(scale):
    """Inputs of `scan`: a name and the function that writes it into a folder."""
    size = 8_000_000 * scale // 8

    def write(text):
        return lambda folder: (folder / "a.txt").write_bytes(text())

    lines = size // 21
    yield "ids, a line each", write(lambda: "".join(key() + "\n" for _ in range(lines)).encode())
    yield "pairs on one line", write(
        lambda: " ".join(key() + " " + secret() for _ in range(size // 62)).encode())
    yield "the prefix of ids", write(lambda: b"AK" b"IA" * (size // 4))
    yield "runs of base64 in base64", write(
        lambda: base64.b64encode(b"\n".join(base64.b64encode(pair().encode())
                                            for _ in range(size // 180))))
    yield "one line", write(lambda: b"x" * (size * 8))
    yield "nothing but zeros", write(lambda: bytes(size * 8))

    def files(folder):
        text = pair().encode()
        for number in range(10_000 * scale):
            place = folder / str(number % 100) / str(number)
            place.mkdir(parents=True)
            (place / "a.env").write_bytes(text)

    yield f"{10_000 * scale} files of one name and content", files


def archives(scale):
    """Containers that are bombs."""
    zeros = bytes(1 << 20)

    def packed(module, name, rounds):
        def write(folder):
            with module.open(folder / name, "wb") as out:
                for _ in range(rounds):
                    out.write(zeros)
        return write

    yield "zeros in gzip", packed(gzip, "a.gz", 128 * scale)
    yield "zeros in bzip2", packed(bz2, "a.bz2", 128 * scale)
    yield "zeros in xz", packed(lzma, "a.xz", 128 * scale)

    def nested(folder):
        body = zeros * 16
        for level in range(6):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                for number in range(10):
                    archive.writestr(f"{level}-{number}", body)
            body = out.getvalue()
        (folder / "a.zip").write_bytes(body)

    yield "zips in zips, 10 million times the zeros", nested

    def held(folder):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("a", RANDOM.randbytes(30_000_000 * scale))
        body = inner.getvalue()
        for _ in range(3):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w") as tar:
                info = tarfile.TarInfo("a.zip")
                info.size = len(body)
                tar.addfile(info, io.BytesIO(body))
            body = out.getvalue()
        (folder / "a.tar").write_bytes(body)
        (folder / "b.tar").write_bytes(body)

    yield "large zips in tars in tars", held

    def window(folder):
        with lzma.open(folder / "a.xz", "wb", filters=[
                {"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 30}]) as out:
            for _ in range(64):
                out.write(zeros)

    yield "a window of a gigabyte", window

    def empty(folder):
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            for number in range(60_000 * scale):
                archive.writestr(str(number), b"")

    yield "empty members", empty


def repositories(scale):
    """Inputs of `history`."""

    def paths(folder):
        repository(folder)
        name = git(folder, "hash-object", "-w", "--stdin", stdin=pair().encode())
        kind = "100644 blob"
        for _ in range(10):
            lines = "".join(f"{kind} {name}\tf{number}\n" for number in range(10))
            name, kind = git(folder, "mktree", stdin=lines.encode()), "040000 tree"
        commit(folder, name)

    yield "ten thousand million paths to a key", paths

    def deep(folder):
        repository(folder)
        name = git(folder, "hash-object", "-w", "--stdin", stdin=pair().encode())
        name = loose(folder, "tree", b"100644 f\0" + bytes.fromhex(name))
        for _ in range(5_000 * scale):
            name = loose(folder, "tree", b"40000 d\0" + bytes.fromhex(name))
        commit(folder, name)

    yield f"trees {5_000 * scale} deep", deep

    def deltas(folder):
        repository(folder)
        body = bytes(12_000_000 * scale)
        lines = []
        for number in range(8):
            name = loose(folder, "blob", body + str(number).encode())
            lines.append(f"100644 blob {name}\tf{number}\n")
        commit(folder, git(folder, "mktree", stdin="".join(lines).encode()))
        git(folder, "-c", "core.bigFileThreshold=1g", "-c", "pack.windowMemory=0",
            "repack", "-qadf", "--window=2")

    yield "large zeros, changed by a byte", deltas

    def versions(folder):
        repository(folder)
        keys = [pair() for _ in range(100 * scale)]
        parent = []
        for number in range(50 * scale):
            keys[number % len(keys)] = pair()
            name = git(folder, "hash-object", "-w", "--stdin", stdin="".join(keys).encode())
            tree = git(folder, "mktree", stdin=f"100644 blob {name}\tf\n".encode())
            parent = ["-p", git(folder, "commit-tree", "-m", "x", tree, *parent)]
        git(folder, "update-ref", "refs/heads/main", parent[1])
        git(folder, "repack", "-qadf")

    yield f"{50 * scale} versions of {100 * scale} keys", versions

    def message(folder):
        repository(folder)
        tree = git(folder, "mktree", stdin=b"")
        body = f"tree {tree}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\n".encode()
        name = loose(folder, "commit", body + bytes(50_000_000 * scale))
        (folder / ".git/refs/heads/main").write_text(name + "\n")

    yield "a message of zeros", message

    def refs(folder):
        repository(folder)
        keys = "".join(pair() for _ in range(25 * scale))
        name = git(folder, "hash-object", "-w", "--stdin", stdin=keys.encode())
        tree = git(folder, "mktree", stdin=f"100644 blob {name}\tf\n".encode())
        made = git(folder, "commit-tree", "-m", "x", tree)
        lines = "".join(f"create refs/tags/{number} {made}\n" for number in range(2_500 * scale))
        git(folder, "update-ref", "--stdin", stdin=lines.encode())
        git(folder, "pack-refs", "--all")

    yield f"{25 * scale} keys under {2_500 * scale} tags", refs

    def circles(folder):
        repository(folder)
        names = [RANDOM.randbytes(20) for _ in range(20_000 * scale)]
        names.sort()
        pack = bytearray(b"PACK\0\0\0\2" + len(names).to_bytes(4, "big"))
        offsets, sums = [], []
        delta = zlib.compress(bytes([5, 5, 0x90, 5]))
        for number in range(len(names)):
            entry = bytes([0x70 | 4]) + names[number ^ 1] + delta
            offsets.append(len(pack))
            sums.append(zlib.crc32(entry))
            pack += entry
        pack += hashlib.sha1(pack).digest()
        fan = bytearray()
        for first in range(256):
            fan += sum(name[0] <= first for name in names).to_bytes(4, "big")
        index = (b"\xfftOc\0\0\0\2" + bytes(fan) + b"".join(names)
                 + b"".join(one.to_bytes(4, "big") for one in sums)
                 + b"".join(one.to_bytes(4, "big") for one in offsets) + bytes(pack[-20:]))
        index += hashlib.sha1(index).digest()
        place = folder / ".git/objects/pack/pack-1"
        place.with_suffix(".pack").write_bytes(pack)
        place.with_suffix(".idx").write_bytes(index)

    yield f"{20_000 * scale} deltas of each other", circles


# The peak of a process counts what it was forked from, so a small one is between.
RUN = """
import os, subprocess, sys, time
begin = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(os.waitstatus_to_exitcode(status), time.monotonic() - begin,
      usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""


def measured(program, command, folder, form="json"):
    """Status, wall and processor seconds, peak KiB, and for JSON bytes read, of one run."""
    report = folder.parent / "report"
    report.unlink(missing_ok=True)
    arguments = [program, command, str(folder), "--format", form, "--output", str(report)]
    done = subprocess.run([sys.executable, "-c", RUN, *arguments], check=True, text=True,
                          stdout=subprocess.PIPE)
    status, wall, cpu, peak = done.stdout.split()
    read = 0
    if report.exists():
        with open(report, "rb") as file:
            file.seek(max(0, report.stat().st_size - 100_000))
            tail = file.read().decode("utf-8", "replace")
        found = tail[tail.rfind('"coverage"'):]
        count = found[found.find('"bytes":') + 8:].split(",")[0].strip()
        read = int(count) if count.isdigit() else 0
    return int(status), float(wall), float(cpu), int(peak), read


def harmless(program, bytes_read, folder):
    """Processor seconds that as many bytes of plain text take."""
    folder.mkdir()
    line = b"let value = compute(index, &names[4]) + offset; // a line of text\n"
    (folder / "a.txt").write_bytes(line * max(1, bytes_read // len(line)))
    return min(measured(program, "scan", folder)[2] for _ in range(3))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="target/release/keysweep")
    parser.add_argument("--only", default="", help="inputs whose name holds this")
    parser.add_argument("--small", action="store_true", help="an eighth of each, as a smoke")
    typed = parser.parse_args()
    program = str(Path(typed.program).resolve())
    scale = 1 if typed.small else 8
    worst = 0
    print(f"{'input':42} status   wall s   cpu s  peak MiB    MB read  times harmless  in text")
    for command, inputs in [("scan", texts), ("scan", archives), ("history", repositories)]:
        for name, make in inputs(scale):
            if typed.only not in name:
                continue
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder) / "in"
                place.mkdir()
                make(place)
                status, wall, cpu, peak, read = measured(program, command, place)
                _, _, text, peak_of_text, _ = measured(program, command, place, "text")
                plain = harmless(program, min(read, 2 << 30), Path(folder) / "plain")
                plain *= max(1, read / (2 << 30))
                worst = max(worst, peak, peak_of_text)
                print(f"{name:42} {status:6} {wall:8.2f} {cpu:7.2f} {peak / 1024:9.0f} "
                      f"{read / 1e6:10.1f} {cpu / max(plain, 0.005):15.1f} "
                      f"{text / max(plain, 0.005):8.1f}", flush=True)
    print(f"worst peak: {worst / 1024:.0f} MiB")
    return 0 if worst < 512 * 1024 else 1


if __name__ == "__main__":
    sys.exit(main())

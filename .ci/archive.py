"""archive.py FOLDER OUT: packs FOLDER as OUT (.tar.gz or .zip), the same bytes for the same files.

Times are those of SOURCE_DATE_EPOCH, names are in order, nobody owns anything.
"""

import gzip
import os
import sys
import tarfile
import time
import zipfile
from pathlib import Path


def main() -> None:
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    when = int(os.environ["SOURCE_DATE_EPOCH"])
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    named = [(path, f"{folder.name}/{path.relative_to(folder).as_posix()}") for path in files]
    if out.suffix == ".zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for path, name in named:
                entry = zipfile.ZipInfo(name, time.gmtime(when)[:6])
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = mode(path) << 16
                archive.writestr(entry, path.read_bytes())
        return
    with (
        open(out, "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=when) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for path, name in named:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = path.stat().st_size, when, mode(path)
            with open(path, "rb") as file:
                archive.addfile(entry, file)


def mode(path: Path) -> int:
    return 0o755 if path.stem == "keysweep" and path.suffix in ("", ".exe") else 0o644


main()

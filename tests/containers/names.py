"""Writes containers whose members have the names of a JSON list: names.py FOLDER NAMES TEXT."""

import gzip
import io
import json
import os
import sqlite3
import sys
import tarfile
import zipfile

folder, names, text = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
damaged = gzip.compress(b"x" * 100)[:-12]

for number, name in enumerate(names):
    def at(suffix):
        return os.path.join(folder, f"{number}.{suffix}")

    with zipfile.ZipFile(at("zip"), "w") as archive:
        archive.writestr(name, text)
        archive.writestr(name + ".gz", damaged)
    with tarfile.open(at("tar"), "w") as archive:
        for member, content in ((name, text.encode()), (name + ".gz", damaged)):
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    database = sqlite3.connect(at("db"))
    quoted = '"' + name.replace('"', '""') + '"'
    database.execute(f"CREATE TABLE {quoted} (n INTEGER PRIMARY KEY, {quoted} TEXT)")
    database.execute(f"INSERT INTO {quoted} VALUES (1, ?)", (text,))
    database.commit()
    database.close()
    with open(at("eml"), "w", encoding="utf-8") as mail:
        mail.write("From: a@example.org\nMIME-Version: 1.0\n")
        mail.write("Content-Type: multipart/mixed; boundary=b\n\n--b\n")
        mail.write(f'Content-Disposition: attachment; filename="{name}"\n')
        mail.write("Content-Transfer-Encoding: 8bit\n\n" + text + "\n--b--\n")
    with gzip.GzipFile(name, "wb", fileobj=open(at("bin.gz"), "wb")) as packed:
        packed.write(text.encode())

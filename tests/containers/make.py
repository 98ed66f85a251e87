"""Writes containers that no tool at hand writes, or not in this state: `make.py FOLDER ID SECRET`.

Each holds the credential once. What is found where is stated in tests/containers/forms.rs.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import sqlite3
import struct
import sys
import tarfile
import zipfile
import zlib
from email.message import EmailMessage

folder, key_id, secret = sys.argv[1:]
os.chdir(folder)
env = f"# production\n\nAWS_ACCESS_KEY_ID={key_id}\nAWS_SECRET_ACCESS_KEY={secret}\n".encode()


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


def tar(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def cpio(entries):
    def entry(name, data, mode):
        numbers = (1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % number for number in numbers) + name + b"\0"
        return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)

    body = b"".join(entry(name, data, 0o100644) for name, data in entries)
    return entry(b"etc", b"", 0o40755) + body + entry(b"TRAILER!!!", b"", 0)


def old_cpio(name, data):
    def entry(name, data, mode):
        head = b"070707%06o%06o%06o%06o%06o%06o%06o%011o%06o%011o" % (
            0, 1, mode, 0, 0, 1, 0, 0, len(name) + 1, len(data))
        return head + name + b"\0" + data

    return entry(name, data, 0o100644) + entry(b"TRAILER!!!", b"", 0)


def rpm(payload, script):
    def header(texts):
        store = b"".join(text + b"\0" for text in texts)
        index = b"".join(struct.pack(">IIII", 1000 + at, 6, 0, 1) for at in range(len(texts)))
        return b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", len(texts), len(store)) + index + store

    signature = header([b"signature"])
    signature += b"\0" * (-len(signature) % 8)
    return b"\xed\xab\xee\xdb\3\0".ljust(96, b"\0") + signature + header([b"name", script]) + payload


def zips():
    for name, method in [("bzip2.zip", zipfile.ZIP_BZIP2), ("lzma.zip", zipfile.ZIP_LZMA)]:
        with zipfile.ZipFile(name, "w", method) as archive:
            archive.writestr("prod.env", env)
    with zipfile.ZipFile("zip64.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("prod.env", "w", force_zip64=True) as member:
            member.write(env)
    with zipfile.ZipFile("comment.zip", "w") as archive:
        info = zipfile.ZipInfo("empty")
        info.comment = env
        archive.writestr(info, b"")
    # What the last directory does not list is there all the same: what was replaced, a zip before it.
    with zipfile.ZipFile("other.zip", "w") as archive:
        archive.writestr("other", b"nothing")
        archive.comment = env
    with open("zip64.zip", "rb") as first, open("other.zip", "rb") as second:
        write("joined.zip", first.read() + second.read().replace(env, b"x" * len(env)))


def images():
    config = {"config": {"Env": [f"AWS_ACCESS_KEY_ID={key_id}", f"AWS_SECRET_ACCESS_KEY={secret}"]},
              "history": [{"created_by": "/bin/sh -c #(nop) ENV"}]}
    layer = tar([("root/.aws/credentials", env)])
    # The layer above removes the file: it is in the image all the same.
    above = tar([("root/.aws/.wh.credentials", b"")])
    manifest = [{"Config": "c.json", "RepoTags": ["app:1"], "Layers": ["a/layer.tar", "b/layer.tar"]}]
    write("saved.tar", tar([("a/layer.tar", layer), ("b/layer.tar", above), ("c.json", b"{}"),
                            ("manifest.json", json.dumps(manifest).encode())]))
    write("config.tar", tar([("c.json", json.dumps(config, indent=1).encode())]))
    packed = gzip.compress(layer, mtime=0)
    blob = "blobs/sha256/" + hashlib.sha256(packed).hexdigest()
    write("oci.tar", tar([("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("blobs/layer", packed)]))
    assert len(blob) == 77


def databases():
    def database(name, *statements, setup=()):
        base = sqlite3.connect(name, isolation_level=None)
        # Thousands of rows are not worth thousands of waits for a disk.
        base.execute("pragma synchronous = off")
        for statement in (*setup, *statements):
            base.execute(*statement) if isinstance(statement, tuple) else base.execute(statement)
        return base

    row = (key_id, secret)
    made = "create table cfg (id integer primary key, [access key id] text, secret_access_key text)"
    insert = ("insert into cfg values (null, ?, ?)", row)
    database("plain.db", made, insert).close()
    database("wide.db", "create table cfg (filler text, key_id text, secret_access_key text)",
             ("insert into cfg values (?, ?, ?)", ("x" * 50000, *row))).close()
    database("rowless.db", "create table cfg (key_id text primary key, secret_access_key text) without rowid",
             ("insert into cfg values (?, ?)", row)).close()
    database("utf16.db", made, insert, setup=["pragma encoding = 'UTF-16le'"]).close()
    # A table that was dropped lives on in free pages.
    database("dropped.db", "create table kept (x)", made, insert, "drop table cfg",
             setup=["pragma secure_delete = off"]).close()
    # A row that was deleted lives on between others.
    database("deleted.db", made, ("insert into cfg values (null, ?, ?)", ("before", "none")), insert,
             ("insert into cfg values (null, ?, ?)", ("after", "none")), "delete from cfg where id = 2",
             setup=["pragma secure_delete = off"]).close()
    base = database("many.db", made, setup=["pragma page_size = 512"])
    base.executemany("insert into cfg values (null, ?, ?)", [(f"user{n}", "none") for n in range(5000)])
    base.execute(*insert)
    base.close()
    base = database("live.db", "pragma journal_mode = wal", "pragma wal_autocheckpoint = 0", made, insert)
    with open("live.db-wal", "rb") as log:
        write("copied-wal", log.read())
    base.close()
    for name in ("live.db", "live.db-wal", "live.db-shm"):
        if os.path.exists(name):
            os.remove(name)


def documents():
    pieces = [b"(aws_access_key_id = ", b"(" + key_id[:9].encode(), b"(" + key_id[9:].encode()]
    page = b"BT /F1 12 Tf 72 720 Td [" + b") -20 ".join(pieces) + b")] TJ 0 -14 Td (aws_secret_access_key = "
    page += secret.encode() + b") Tj ET"
    packed = zlib.compress(page)
    write("page.pdf", b"%PDF-1.4\n4 0 obj\n<< /Length " + str(len(packed)).encode()
          + b" /Filter /FlateDecode >>\nstream\n" + packed + b"\nendstream\nendobj\n")
    # The bytes of an image on the page look like the beginning of a string; an attached file may
    # hold the letters of an operator.
    image = b"BI /W 2 ID <\x80 EI " + page
    attached = env + b"# TJ Tj\n"
    for name, stream in [("image.pdf", image), ("attached.pdf", attached)]:
        packed = zlib.compress(stream)
        write(name, b"%PDF-1.4\n4 0 obj\n<< /Length " + str(len(packed)).encode()
              + b" /Filter /FlateDecode >>\nstream\n" + packed + b"\nendstream\nendobj\n")
    # Codes of glyphs, whose letters a font in an object stream says; packed as some do, in letters.
    lines = env.decode().splitlines()
    page = "BT /F1 12 Tf 0 0 Td " + " ".join(
        "0 -14 Td <" + "".join(f"{ord(letter) + 0x100:04x}" for letter in line) + "> Tj" for line in lines)
    font = "<</Subtype/Type0/Encoding/Identity-H/ToUnicode 6 0 R>>"
    objects = "1 0 5 70 " + f"<</Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>".ljust(70) + font
    ranges = "1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfrange <0120> <017e> <0020> endbfrange"
    parts = [b"%PDF-1.5\n"]
    for number, entries, text in [(4, b"", page), (9, b"/Type/ObjStm/N 2/First 9", objects), (6, b"", ranges)]:
        packed = base64.a85encode(zlib.compress(text.encode())) + b"~>"
        parts.append(b"%d 0 obj\n<</Filter[/ASCII85Decode/FlateDecode]%s>>\nstream\n%s\nendstream\nendobj\n"
                     % (number, entries, packed))
    write("fonts.pdf", b"".join(parts))
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "the app"
    mail.set_content("attached")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("prod.env", env)
    mail.add_attachment(out.getvalue(), maintype="application", subtype="zip", filename="app.zip")
    write("attached.eml", bytes(mail))


zips()
images()
databases()
documents()
write("new.cpio", cpio([(b"etc/prod.env", env)]))
write("old.cpio", old_cpio(b"etc/prod.env", env))
write("a.rpm", rpm(gzip.compress(cpio([(b"etc/prod.env", env)]), mtime=0), b"true"))
write("script.rpm", rpm(gzip.compress(cpio([]), mtime=0), env))

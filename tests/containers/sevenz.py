"""Writes 7z archives in every way of py7zr: `sevenz.py FOLDER ID SECRET`.

Each holds the credential once, on line 3. What is found is stated in tests/containers/sevenz.rs.
"""

import os
import random
import sys

import py7zr

folder, key_id, secret = sys.argv[1:]
os.chdir(folder)
env = f"# production\n\nAWS_ACCESS_KEY_ID={key_id}\nAWS_SECRET_ACCESS_KEY={secret}\n".encode()
noise = random.Random(1).randbytes(200_000) + b"a line of text\n" * 20_000

LZMA2 = {"id": py7zr.FILTER_LZMA2, "preset": 9}
PPMD = {"id": py7zr.FILTER_PPMD, "order": 6, "mem": 24}
WAYS = {
    "lzma2": [LZMA2],
    "lzma": [{"id": py7zr.FILTER_LZMA}],
    "large": [LZMA2 | {"dict_size": 64 << 20}],
    "x86": [{"id": py7zr.FILTER_X86}, LZMA2],
    "arm": [{"id": py7zr.FILTER_ARM}, LZMA2],
    "delta": [{"id": py7zr.FILTER_DELTA}, LZMA2],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "copy": [{"id": py7zr.FILTER_COPY}],
    "ppmd": [PPMD],
    "zstd": [{"id": py7zr.FILTER_ZSTD, "level": 3}],
    "brotli": [{"id": py7zr.FILTER_BROTLI, "level": 5}],
}


def write(name, members, filters, mode="w", password=None, **more):
    with py7zr.SevenZipFile(name, mode, filters=filters, password=password, **more) as archive:
        for member, data in members:
            archive.writestr(data, member)


key = ("conf/prod.env", env)
for name, filters in WAYS.items():
    # The key is after other members of the same block.
    write(f"{name}.7z", [("bin/noise", noise), key], filters)
write("encrypted.7z", [("note", noise), key], None, password="secret")
write("names.7z", [key], None, password="secret", header_encryption=True)

# The block before that of the key can't be read.
write("after-ppmd.7z", [("note", b"nothing\n" * 99)], [PPMD])
write("after-encrypted.7z", [("note", b"nothing\n" * 99)], None, password="secret")
write("after-damaged.7z", [("note", noise)], [LZMA2])
for name in ("ppmd", "encrypted", "damaged"):
    write(f"after-{name}.7z", [key], [LZMA2], mode="a")
with open("after-damaged.7z", "r+b") as file:
    file.seek(5000)
    file.write(b"\xff" * 64)

# A checksum is wrong in the block of the key: that of a member before it, and its own.
for name, byte in [("before", b"noise, of which a byte is wrong"), ("own", b"# production")]:
    write(f"wrong-{name}.7z", [("note", b"noise, of which a byte is wrong"), key], [{"id": py7zr.FILTER_COPY}])
    with open(f"wrong-{name}.7z", "r+b") as file:
        place = file.read().index(byte)
        file.seek(place + 4)
        file.write(b"!")

# A member whose own container ends at once, and megabytes after it.
empty = bytes.fromhex("1f8b0800000000000003030000000000 00000000".replace(" ", ""))
write("rest.7z", [("short.gz", empty + b"x" * (64 << 20))], [{"id": py7zr.FILTER_LZMA}])

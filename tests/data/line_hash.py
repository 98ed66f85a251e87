"""GitHub's primaryLocationLineHash of each line of files: a second reading of the law in
github/codeql-action, src/fingerprints.ts, which shares nothing with the program's.

Reads paths from its arguments, writes `number of the path TAB line TAB hash` for every line.
"""

import sys

WINDOW = 100
BASE = 37
MASK = (1 << 64) - 1


def code_units(data):
    encoded = data.decode("utf-8", "replace").encode("utf-16-le")
    return [encoded[at] | encoded[at + 1] << 8 for at in range(0, len(encoded), 2)]


def hashes(data):
    # Blanks and tabs do not count, every line end is one line feed, and the end is a unit too.
    units = []
    after_return = False
    for unit in code_units(data):
        second_half = after_return and unit == 10
        after_return = unit == 13
        if unit in (9, 32) or second_half:
            continue
        units.append(10 if unit == 13 else unit)
    units.append(0xFFFF)
    seen = {}
    line = 0
    for at in range(len(units)):
        if at and units[at - 1] != 10:
            continue
        line += 1
        value = 0
        for offset in range(WINDOW):
            unit = units[at + offset] if at + offset < len(units) else 0
            value = (value * BASE + unit) & MASK
        seen[value] = seen.get(value, 0) + 1
        yield line, f"{value:x}:{seen[value]}"


for argument, path in enumerate(sys.argv[1:]):
    with open(path, "rb") as file:
        for number, value in hashes(file.read()):
            print(argument, number, value, sep="\t")

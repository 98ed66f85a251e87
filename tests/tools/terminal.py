"""Runs a program in a terminal of its own: terminal.py ANSWERS PROGRAM [ARGUMENT]...

ANSWERS is a JSON list; each question that the program asks gets the next one. Ends with what the
program printed and its status.
"""

import json
import os
import pty
import re
import sys

answers, command = json.loads(sys.argv[1]), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execv(command[0], command)
printed = b""
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    printed += more
    if answers and re.search(rb"(\[y/N\]|characters[^\n]*:) $", printed):
        os.write(terminal, answers.pop(0).encode() + b"\n")
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.stdout.write(f"{printed.decode()}\nstatus {status}\n")

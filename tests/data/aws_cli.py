"""The AWS CLI for many calls: it is imported once, and each call runs in a fork of that process.

`aws_cli.py serve SOCKET` serves until its standard input ends; `aws_cli.py call SOCKET ARGUMENT...` is what
`aws ARGUMENT...` would be, with the environment of the server.
"""

import json
import os
import socket
import sys


def call(path: str, arguments: list[str]) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.connect(path)
        text = json.dumps({"arguments": arguments, "folder": os.getcwd()}).encode()
        socket.send_fds(server, [len(text).to_bytes(4, "big")], [0, 1, 2])
        server.sendall(text)
        status = server.recv(4)
        return int.from_bytes(status, "big") if len(status) == 4 else 255


def serve(path: str) -> None:
    import select
    import signal

    from awscli.clidriver import create_clidriver

    # As usage messages name it.
    sys.argv[0] = "aws"
    driver = create_clidriver()
    for service in ("iam", "sts", "cloudtrail"):
        driver.session.get_service_model(service)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path + ".new")
        listener.listen(64)
        # Whoever sees the name can connect.
        os.rename(path + ".new", path)
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            client, _ = listener.accept()
            if os.fork() == 0:
                os._exit(answer(driver, client))
            client.close()


def answer(driver, client: socket.socket) -> int:
    import signal

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, files, _, _ = socket.recv_fds(client, 4, 3)
    wanted = int.from_bytes(length, "big")
    text = b""
    while len(text) < wanted:
        text += client.recv(wanted - len(text))
    said = json.loads(text)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(said["folder"])
    try:
        status = driver.main(said["arguments"])
    except SystemExit as ended:
        status = ended.code
    sys.stdout.flush()
    sys.stderr.flush()
    client.sendall(int(status or 0).to_bytes(4, "big"))
    return 0


if sys.argv[1] == "serve":
    serve(sys.argv[2])
else:
    sys.exit(call(sys.argv[2], sys.argv[3:]))

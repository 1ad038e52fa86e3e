"""A stand-in for netcat: standard input to a host and port, what comes back to standard output."""

from __future__ import annotations

import socket
import sys
from typing import Final

QUIET_SECONDS: Final = 1.0


def main(*arguments: str) -> None:
    host, port = arguments[-2:]
    with socket.create_connection((host, int(port))) as peer:
        peer.sendall(sys.stdin.buffer.read())
        peer.settimeout(QUIET_SECONDS)
        try:
            while data := peer.recv(65536):
                sys.stdout.buffer.write(data)
        except TimeoutError:
            pass


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A stand-in for curl: GET, or with --data-binary @FILE (@-: standard input) POST; -H, -s and the URL."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("--data-binary")
    parser.add_argument("url")
    options = parser.parse_args()
    body = None
    if options.data_binary:
        name = options.data_binary.removeprefix("@")
        body = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    headers = dict(header.split(": ", 1) for header in options.H)
    try:
        with urlopen(Request(options.url, body, headers)) as answer:
            sys.stdout.buffer.write(answer.read())
    except HTTPError as error:
        sys.stdout.buffer.write(error.read())


if __name__ == "__main__":
    main()

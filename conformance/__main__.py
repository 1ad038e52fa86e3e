"""`python -m conformance WIRE ...`: judges a server over its wire, ours like anyone's."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

WIRES: Final = ("ncip", "sip2", "sru", "z3950")
"""The words on the command line: each is a folder with a `command`, whose KIT takes the arguments that follow."""


def main(arguments: Sequence[str]) -> int:
    """Run one kit; return its exit code."""
    if not arguments or arguments[0] not in WIRES:
        print(f"usage: python -m conformance {{{','.join(WIRES)}}} ...", file=sys.stderr)  # noqa: T201 (a command)
        return 2
    code: int = import_module(f"conformance.{arguments[0]}.command").KIT.main(arguments[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

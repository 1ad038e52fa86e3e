"""`python -m conformance WIRE ...`: judges a server over its wire, ours like anyone's."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

WIRES: Final = {
    "ncip": "conformance.ncip",
    "sip2": "conformance.sip2",
    "sru": "conformance.sru",
    "z3950": "conformance.z3950.command",
}
"""The word on the command line, and the module whose `main` takes the arguments that follow it."""


def main(arguments: Sequence[str]) -> int:
    """Run one kit; return its exit code."""
    if not arguments or arguments[0] not in WIRES:
        print(f"usage: python -m conformance {{{','.join(WIRES)}}} ...", file=sys.stderr)  # noqa: T201 (a command)
        return 2
    code: int = import_module(WIRES[arguments[0]]).main(arguments[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

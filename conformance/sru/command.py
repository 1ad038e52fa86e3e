"""`python -m conformance sru URL`: judges a server of SRU 1.1, 1.2 and 2.0, whoever's it is.

What a server says of itself (explain) is held against what it does, its counts against its own lists and records, Boolean searches
against arithmetic. Of the catalogue nothing is known beforehand: terms come out of its scan, or out of `--term`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Final

from conformance.checks import Checks
from conformance.kit import Kit
from conformance.results import Result
from conformance.sru import counts, explain, hostile, refusals, search
from conformance.sru.bench import Session
from conformance.sru.client import Client

CHECKS: Final[Checks[Session]] = Checks.of(explain, search, refusals, counts, hostile)
_MORE: Final = """\
Nothing is changed in the catalogue.

For the demo network of Bibliobus:
  python -m conformance sru http://127.0.0.1:8080/sru --term germinal --report report.html
"""


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this kit."""
    parser.add_argument("--term", default="a", help="a word that the index holds, or stands before (a)")
    parser.add_argument("--index", default="dc.title", help="the index that is looked at (dc.title)")


def judge(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> Iterator[Result]:
    """Make every check that was *chosen*."""
    try:
        client = Client(chosen.server or "", chosen.patience)
    except ValueError as error:
        parser.error(str(error))
    return CHECKS.run(Session(client, chosen.term, chosen.index), chosen.only)


KIT: Final = Kit("sru", "SRU", __doc__, _MORE, "http://HOST:PORT/DB", {"": CHECKS}, options, judge)

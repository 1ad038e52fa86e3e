"""`python -m conformance z3950 HOST:PORT/DATABASE`: judges any Z39.50 target over its wire, ours like anyone's.

Every PDU is made and read by a codec of the kit's own. Of the catalogue nothing is known beforehand: its records are read from the
server itself (or from a MARC file), and what a search must find is counted in them by brute force.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from conformance.checks import Checks
from conformance.kit import Kit, address
from conformance.results import Result
from conformance.z3950 import (
    access,
    bath,
    clients,
    counts,
    extended,
    init,
    present,
    refusals,
    search,
    segments,
    services,
    terms,
    update,
    wire,
)
from conformance.z3950.bench import Bench
from conformance.z3950.client import Account
from conformance.z3950.corpus import Source
from conformance.z3950.marc import MARC21, UNIMARC

CHECKS: Final[Checks[Bench]] = Checks.of(
    init, search, refusals, counts, present, segments, terms, services, extended, update, access, clients, bath, wire
)
"""In the order in which they are made: what breaks servers comes last."""
_MORE: Final = """\
Nothing is changed in the catalogue, unless --saves names a database: one record at a time is saved there, and deleted. Packages of
extended services are kept for the account, and deleted.

For the demo network of Bibliobus:
  python -m conformance z3950 127.0.0.1:2100/network --report report.html --bath bath.md
"""


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this kit."""
    add = parser.add_argument
    add("--other", default="", metavar="DB", help="another database of the server")
    add("--account", default="", metavar="USER[:PASSWORD]", help="an account to search with")
    add(
        "--saves",
        default="",
        metavar="DB",
        help="a database in which the account may save records: those of the kit's own",
    )
    add("--group", default="", help="the group of the account (idPass)")
    add(
        "--records",
        type=Path,
        metavar="FILE",
        help="hold the server against the records of this file (ISO 2709), all that it has",
    )
    add("--everything", default="", metavar="QUERY", help="a prefix query that finds every record")
    add("--term", default="", metavar="WORD", help="a word that finds records, where none finds them all")
    add("--format", default="", choices=[UNIMARC, MARC21], help="the format of the records (that which comes)")
    add("--most", type=int, default=10_000, metavar="N", help="how many records are read (10000)")
    add("--bath", type=Path, metavar="FILE", help="write a statement of conformance with the Bath profile (Markdown)")


def _bench(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> Bench:
    where, _, databases = (chosen.server or "").partition("/")
    if not databases:
        parser.error("the server is HOST:PORT/DATABASE")
    host, port = address(parser, where)
    if chosen.records is not None and not chosen.records.is_file():
        parser.error(f"there is no file {chosen.records}")
    user, _, password = chosen.account.partition(":")
    source = Source(chosen.records, chosen.everything, chosen.term, chosen.format, chosen.most)
    account = Account(user, password, chosen.group)
    return Bench(host, port, tuple(databases.split("+")), account, source, chosen.other, chosen.saves)


def judge(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> Iterator[Result]:
    """Make every check that was *chosen*, and write the statement of conformance with Bath."""
    bench, kept = _bench(parser, chosen), list[Result]()
    bench.patience = chosen.patience
    for result in CHECKS.run(bench, chosen.only):
        kept.append(result)
        yield result
    if chosen.bath is not None:
        chosen.bath.write_text(bath.statement(chosen.server, kept), encoding="utf-8")


KIT: Final = Kit("z3950", "Z39.50", __doc__, _MORE, "HOST:PORT/DB[+DB...]", {"": CHECKS}, options, judge)

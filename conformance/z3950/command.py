"""`python -m conformance z3950 HOST:PORT/DATABASE`: judges any Z39.50 target over its wire, ours like anyone's.

Every PDU is made and read by a codec of the kit's own. Of the catalogue nothing is known beforehand: its records are read from the
server itself (or from a MARC file), and what a search must find is counted in them by brute force.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from conformance import documents
from conformance.results import Result
from conformance.z3950 import bath, clients, counts, init, present, refusals, search, services, terms, wire
from conformance.z3950.client import Account
from conformance.z3950.corpus import Source
from conformance.z3950.marc import MARC21, UNIMARC
from conformance.z3950.table import CHECKS, Bench, Row, run

_PARTS: Final = [
    part.__name__ for part in (init, search, refusals, counts, present, terms, services, clients, bath, wire)
]
"""The modules of the checks, in the order in which these are made: what breaks servers comes last."""
_PAGE: Final = """\
# Checks of a Z39.50 target

What [`python -m conformance z3950`](../how-to/judge-a-server.md#z3950) asks of any target, each on connections of its own. Generated:
`python -m conformance z3950 --list`.
"""
_MORE: Final = """\
Nothing is changed in the catalogue: extended services are asked for what they must refuse.

For the demo network of Bibliobus:
  python -m conformance z3950 127.0.0.1:2100/network --report report.html --bath bath.md
"""


def checks() -> list[Row]:
    """Return all checks in their order."""
    return sorted(CHECKS, key=lambda row: _PARTS.index(row.look.__module__))


def page() -> str:
    """Return the list of all checks as a page of the documentation."""
    rows = [f"| {row.name} | {row.level} | {row.text} | {row.source} |" for row in checks()]
    return "\n".join([_PAGE, "| check | level | what is asked | where that is said |", "|---|---|---|---|", *rows])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m conformance z3950", description=__doc__, epilog=_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("server", nargs="?", metavar="HOST:PORT/DB[+DB...]", help="where the server listens, and its databases")
    add("--other", default="", metavar="DB", help="another database of the server")
    add("--account", default="", metavar="USER[:PASSWORD]", help="an account to search with")
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
    add("--only", default="", metavar="TEXT", help="make the checks with this in their names")
    add("--bath", type=Path, metavar="FILE", help="write a statement of conformance with the Bath profile (Markdown)")
    add("--list", action="store_true", help="print the list of checks, and make none")
    documents.add_options(parser)
    return parser


def _bench(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> Bench:
    address, slash, databases = (chosen.server or "").partition("/")
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or not slash or not databases:
        parser.error("the server is HOST:PORT/DATABASE")
    if chosen.records is not None and not chosen.records.is_file():
        parser.error(f"there is no file {chosen.records}")
    user, _, password = chosen.account.partition(":")
    source = Source(chosen.records, chosen.everything, chosen.term, chosen.format, chosen.most)
    account = Account(user, password, chosen.group)
    return Bench(host.strip("[]"), int(port), tuple(databases.split("+")), account, source, chosen.other)


def main(arguments: Sequence[str]) -> int:
    """Run the kit; return 0 when no MUST failed, 1 when one did, 2 when the command line is wrong."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.list:
        print(page())  # noqa: T201 (a command)
        return 0
    bench = _bench(parser, chosen)
    kept: list[Result] = []

    def made() -> Iterator[Result]:
        for result in run(bench, [row for row in checks() if chosen.only in row.name]):
            kept.append(result)
            yield result

    code = documents.tell(f"Z39.50 {chosen.server}", made(), chosen)
    if chosen.bath is not None:
        chosen.bath.write_text(bath.statement(chosen.server, kept), encoding="utf-8")
    return code

"""`python -m conformance ncip URL`: judges an NCIP responder, whoever's it is; with `--listen`, an initiator.

Every answer is held against the content models (`conformance.ncip_judge`); of the library nothing is known beforehand but what the
options tell: the agency that asks, a reader, items.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from conformance import (  # noqa: F401 (they list their checks)
    documents,
    ncip_forms,
    ncip_loans,
    ncip_lookups,
    ncip_services,
    ncip_transport,
)  # fmt: skip
from conformance.ncip_initiator import HEARD, heard_results
from conformance.ncip_listener import Ear, listen
from conformance.ncip_schemas import NoSchemas, validator
from conformance.ncip_session import Session
from conformance.ncip_table import CHECKS, run
from conformance.results import Result

_PAGE: Final = """\
# Checks of NCIP

What [`python -m conformance ncip`](../how-to/judge-a-server.md#ncip) asks of any responder, and of any initiator that sends to it.
Generated: `python -m conformance ncip --list`.
"""
_MORE: Final = """\
The reader must be one who may borrow; the items must stand on their shelves. They are lent and given back, and reserved for a
moment; an item is sent that there is not, and taken away again. Nothing else is changed.

For the demo network of Bibliobus:
  python -m conformance ncip http://127.0.0.1:8080/ncip --agency FR-MDPC62 --to LENS \\
    --user R000001 --pin 1234 --item I000001 --item I000009 --report report.html

As the responder, for two minutes, to an initiator that asks agency FR-KIT:
  python -m conformance ncip --listen 8091 --to FR-KIT --for 120 --unruly
"""


def page() -> str:
    """Return the list of all checks as a page of the documentation."""
    head = ["| check | level | what is asked | where that is said |", "|---|---|---|---|"]

    def lines(rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
        return [f"| {' | '.join(row)} |" for row in rows]

    responder = [(row.name, str(row.level), row.text, row.source) for row in CHECKS]
    initiator = [(row.name, str(row.level), row.text, row.source) for row in HEARD]
    return "\n".join(
        [_PAGE, "## A responder\n", *head, *lines(responder), "\n## An initiator\n", *head, *lines(initiator)]
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m conformance ncip", description=__doc__, epilog=_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("url", nargs="?", help="where the responder answers")
    add("--agency", default="FR-CONFORMANCE", help="the agency that asks, which the responder must know")
    add("--to", default="FR-ANY", help="the agency that is asked; with --listen, the one that the kit is")
    add("--secret", help="FromAgencyAuthentication")
    add("--user", help="a reader's number, for checks that lend")
    add("--pin", help="the reader's PIN")
    add("--item", action="append", default=[], help="an item that can be lent to the reader; give two")
    add("--schemas", type=Path, metavar="DIR", help="validate answers by the schemas that lie there, too (needs lxml)")
    add("--listen", type=int, metavar="PORT", help="be the responder, and judge who connects")
    add("--for", type=float, dest="seconds", metavar="SECONDS", help="how long to listen (until Ctrl-C)")
    add("--unruly", action="store_true", help="answer each message at its fourth try only")
    add("--report", type=Path, metavar="FILE", help=f"write a report: {', '.join(documents.ENDINGS)}")
    add("--json", action="store_true", help="write a JSON document to the screen")
    add("--list", action="store_true", help="print the list of checks, and make none")
    return parser


def _results(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> Iterator[Result]:
    if chosen.listen is not None:
        ear = Ear(chosen.unruly)
        listen(chosen.listen, ear, chosen.seconds)
        return heard_results(ear.heard, chosen.to)
    if not (chosen.url or "").startswith(("http://", "https://")):
        parser.error("give a URL, or --listen")
    try:
        validate = validator(chosen.schemas) if chosen.schemas is not None else None
    except NoSchemas as error:
        parser.error(str(error))
    items = tuple(chosen.item)
    return run(Session(chosen.url, chosen.agency, chosen.to, chosen.secret, chosen.user, chosen.pin, items, validate))


def main(arguments: Sequence[str]) -> int:
    """Judge what the command line names; return 0 when no MUST failed, 1 when one did, 2 when the command line is wrong."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.list:
        print(page())  # noqa: T201 (a command)
        return 0
    if chosen.report is not None and chosen.report.suffix not in documents.ENDINGS:
        parser.error(f"the report's name ends in {' or '.join(documents.ENDINGS)}")
    title = "NCIP initiator" if chosen.listen is not None else f"NCIP {chosen.url}"
    return documents.tell(title, _results(parser, chosen), chosen)
